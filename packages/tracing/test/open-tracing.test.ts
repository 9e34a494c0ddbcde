import { createServer } from 'node:net';
import {
  type Clock,
  ConfigurationError,
  createLogger,
  createMetrics,
  NO_TRACER,
  systemClock,
  type TraceContext,
} from '@tidings/runtime';
import { createFakeClock, readLogLine } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startTraceCollector, type TraceCollector } from '../../../test/trace-collector.ts';
import { openTracing, type Tracing } from '../src/index.ts';

async function start(
  tracesRatio: number,
  env: Record<string, string>,
  clock: Clock = systemClock,
): Promise<Tracing & { lines: Record<string, unknown>[] }> {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const lines: Record<string, unknown>[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(readLogLine(line)) });
  return { ...(await openTracing({ traces: 'on', tracesRatio }, 'edge', createMetrics(), log, clock)), lines };
}

async function collect(): Promise<TraceCollector> {
  const collector = await startTraceCollector();
  onTestFinished(collector.close);
  return collector;
}

const PARENT: TraceContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: 'x=1' };

describe('openTracing', () => {
  it('is nothing where it is off', async () => {
    const log = createLogger('test', 'silent');
    const tracing = await openTracing({ traces: 'off', tracesRatio: 1 }, 'edge', createMetrics(), log);
    expect(tracing.tracer).toBe(NO_TRACER);
    expect(tracing.tracer.start('x', 'server', PARENT, {}).context.sampled).toBe(false);
    await tracing.close();
  });

  it('records the share of new traces that it is told, and of others what their publishers say', async () => {
    const { url } = await collect();
    const { tracer, close } = await start(0.25, { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    const sampled = (parent?: TraceContext): boolean => tracer.start('x', 'server', parent, {}).context.sampled;
    const share = Array.from({ length: 4_000 }, () => sampled()).filter(Boolean).length / 4_000;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
    expect(sampled(PARENT)).toBe(true);
    expect(sampled({ ...PARENT, sampled: false })).toBe(false);
    await close();
  });

  it('sends a span under its parent, with its attributes, its fault and what the environment says of the process', async () => {
    const collector = await collect();
    const { tracer, close } = await start(0, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`,
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=mine,deployment.environment.name=test',
    });
    const span = tracer.start('publish', 'producer', PARENT, { a: 1 });
    expect(span.context).toMatchObject({ traceId: PARENT.traceId, sampled: true, state: 'x=1' });
    span.set({ b: 'two' });
    span.end('unavailable');
    // What is not sampled is not sent.
    tracer.start('not', 'server', undefined, {}).end();
    await close();
    expect(collector.requests.map(({ path }) => path)).toEqual(['POST /own/path']);
    expect(collector.spans).toEqual([
      expect.objectContaining({
        service: 'mine',
        name: 'publish',
        kind: 'producer',
        traceId: PARENT.traceId,
        spanId: span.context.spanId,
        parentSpanId: PARENT.spanId,
        attributes: { a: 1, b: 'two', 'error.type': 'unavailable' },
        failed: true,
      }),
    ]);
  });

  it('closes in a moment where the collector takes what it is sent and never answers', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    const clock = createFakeClock();
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` };
    const { tracer, close, lines } = await start(1, endpoint, clock);
    tracer.start('x', 'server', undefined, {}).end();
    const closed = close();
    clock.advance(2_000);
    await closed;
    expect(lines.map(({ msg }) => msg)).toEqual(['the last spans were not taken in time']);
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'must be an http(s) URL'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'tcp://collector:4317', 'must be an http(s) URL'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'OTLP goes over HTTP here, to port 4318 of a collector, and not over gRPC'],
  ])('says so in one line that quotes nothing where %s is %s', async (name, value, fault) => {
    const opened = start(1, { [name]: value });
    await expect(opened).rejects.toBeInstanceOf(ConfigurationError);
    await expect(opened).rejects.toMatchObject({ problems: [`${name}: ${fault}`] });
  });
});
