import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { createLogger, createMetrics } from '@tidings/runtime';
import { createFakeClock, readLogLine } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createBoundedExport } from '../src/otel/bounded-export.ts';

type Done = Parameters<SpanExporter['export']>[1];

const SPAN = {
  resource: { asyncAttributesPending: false },
  spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: TraceFlags.SAMPLED }),
} as unknown as ReadableSpan;

/** An export whose requests the test answers, one after the other. */
function start(mostSpans: number) {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  const metrics = createMetrics();
  const clock = createFakeClock();
  const asked: { spans: number; done: Done }[] = [];
  const processor = createBoundedExport({
    exporter: {
      export: (spans, done) => void asked.push({ spans: spans.length, done }),
      shutdown: async () => {},
    },
    mostSpans,
    metrics,
    log,
    clock,
  });
  const dropped = async (): Promise<Record<string, number>> => {
    const { values } = await metrics.spansDropped.get();
    const counted = values.filter(({ value }) => value > 0);
    return Object.fromEntries(counted.map(({ labels, value }) => [`${labels.reason}`, value]));
  };
  const end = (spans: number): void => {
    for (let span = 0; span < spans; span += 1) processor.onEnd(SPAN);
  };
  return { asked, clock, dropped, end, words: () => lines.map(({ msg, reason, code }) => [msg, reason, code]) };
}

const DROPPED = 'spans are dropped: the collector of traces does not take them';
const refusal = { code: 1, error: Object.assign(new Error('no: collector-key'), { code: 503 }) };

describe('spans on their way to a collector', () => {
  it('that waits for its answer are bounded, those on the way included; what is beyond is counted and told once', async () => {
    const { asked, dropped, end, words } = start(100);
    end(250);
    expect(asked.map(({ spans }) => spans)).toEqual([100]);
    expect(await dropped()).toEqual({ 'queue-full': 150 });
    expect(words()).toEqual([[DROPPED, 'queue-full', undefined]]);
    // Room is made by what the collector took.
    asked[0]?.done({ code: 0 });
    end(100);
    expect(await dropped()).toEqual({ 'queue-full': 150 });
  });

  it('which it refuses are counted, told once by the code alone, and again after it took all for a minute', async () => {
    const { asked, clock, dropped, end, words } = start(1);
    const answer = async (result: Parameters<Done>[0]): Promise<void> => {
      end(1);
      await expect.poll(() => asked.length).toBe(1);
      asked.pop()?.done(result);
      // The next request is asked for in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
    };
    await answer(refusal);
    await answer(refusal);
    expect(await dropped()).toEqual({ 'export-failed': 2 });
    expect(words()).toEqual([[DROPPED, 'export-failed', 503]]);
    // Spans that come in bursts would else say both with each.
    await answer({ code: 0 });
    clock.advance(59_999);
    await answer({ code: 0 });
    expect(words()).toHaveLength(1);
    clock.advance(1);
    await answer({ code: 0 });
    await answer(refusal);
    expect(words().slice(1)).toEqual([
      ['spans go through to the collector again', undefined, undefined],
      [DROPPED, 'export-failed', 503],
    ]);
  });

  it('whose answer never ends make room for others after half a minute, and what comes of it later counts no more', async () => {
    const { asked, clock, dropped, end, words } = start(1);
    end(1);
    clock.advance(30_000);
    expect(await dropped()).toEqual({ 'export-failed': 1 });
    expect(words()).toEqual([[DROPPED, 'export-failed', 'ETIMEDOUT']]);
    asked[0]?.done(refusal);
    await new Promise((resolve) => setImmediate(resolve));
    end(2);
    expect(asked).toHaveLength(2);
    expect(await dropped()).toEqual({ 'export-failed': 1, 'queue-full': 1 });
  });
});
