import { createLogger, createMetrics, type SpanAttributes, type TraceContext, type Tracer } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createDeliverySpans } from '../src/delivery-spans.ts';
import { createFlushQueue } from '../src/flush-queue.ts';

const PUBLISHER: TraceContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, state: '' };
const MESSAGE = {
  seq: 7,
  tenant: 'acme',
  topic: 'user.alice',
  event: 'secret',
  data: Buffer.from('payload'),
  json: false,
  final: false,
  exclude: '',
  timeMs: 0,
  expiresAtMs: Number.POSITIVE_INFINITY,
};

const SILENT = createLogger('edge', 'silent');

/** Spans as they are told, with what ended in which order. */
function createRecordingTracer(happened: string[]): Tracer & { readonly attributes: SpanAttributes[] } {
  const attributes: SpanAttributes[] = [];
  return {
    isOn: true,
    attributes,
    start(name, kind, parent, given) {
      const place = attributes.push({ ...given, name, kind, parent: `${parent?.spanId}` }) - 1;
      return {
        context: PUBLISHER,
        set: (more) => void Object.assign(attributes[place] as object, more),
        end: () => void happened.push(`ended ${place}`),
      };
    },
  };
}

describe('the span of a delivery', () => {
  it('is one for each event, and ends after the last write of the turn', async () => {
    const happened: string[] = [];
    const tracer = createRecordingTracer(happened);
    const flushes = createFlushQueue();
    const clock = createFakeClock(1_000);
    const spans = createDeliverySpans({ tracer, flushes, clock, metrics: createMetrics(), log: SILENT });
    const deliver = (streams: number): void => {
      const span = spans.begin({ ...MESSAGE, timeMs: 900 }, '3f', PUBLISHER);
      for (let stream = 0; stream < streams; stream += 1) flushes.add({ flush: () => happened.push('written') });
      span?.routed(streams);
    };
    deliver(2);
    deliver(1);
    deliver(0);
    // Nobody waits for a write where there is none.
    expect(happened.splice(0)).toEqual(['ended 2']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual(['written', 'written', 'written', 'ended 0', 'ended 1']);
    expect(tracer.attributes[0]).toEqual({
      name: 'deliver',
      kind: 'consumer',
      parent: PUBLISHER.spanId,
      'messaging.system': 'tidings',
      'messaging.operation.name': 'deliver',
      'messaging.operation.type': 'process',
      'messaging.message.id': expect.stringMatching(/^3f\.7\./),
      'messaging.message.body.size': 7,
      'tidings.tenant': 'acme',
      'tidings.fanout': 2,
      'tidings.latency_ms': 100,
    });
    expect(JSON.stringify(tracer.attributes)).not.toMatch(/alice|secret|payload/);
    // The next turn has a list of its own.
    deliver(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened.at(-1)).toBe('ended 3');
    expect(happened.filter((each) => each === 'ended 0')).toHaveLength(1);
  });

  it('is made for a thousand events of a second at most, however many a publisher samples', async () => {
    const tracer = createRecordingTracer([]);
    const clock = createFakeClock(1_000);
    const metrics = createMetrics();
    const spans = createDeliverySpans({ tracer, flushes: createFlushQueue(), clock, metrics, log: SILENT });
    for (let event = 0; event < 1_500; event += 1) spans.begin(MESSAGE, '3f', PUBLISHER)?.routed(0);
    expect(tracer.attributes).toHaveLength(1_000);
    const { values } = await metrics.spansDropped.get();
    expect(values.find(({ labels }) => labels.reason === 'rate')?.value).toBe(500);
    clock.advance(1_000);
    expect(spans.begin(MESSAGE, '3f', PUBLISHER)).toBeDefined();
  });
});
