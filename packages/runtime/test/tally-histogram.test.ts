import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { createTallyHistogram } from '../src/tally-histogram.ts';

const options = { name: 'x_size', help: 'How large it "is".', buckets: [0, 1, 2.5, 10, 1_000] };

describe('a histogram that counts in an array', () => {
  it('has the same text as that of prom-client, whatever was observed', async () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 2.5, 10, 1_000, 1_001, 0.1), fc.integer({ min: 0, max: 2_000 }));
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 50 }), async (values) => {
        const [own, theirs] = [new Registry(), new Registry()];
        const tally = createTallyHistogram(options, own);
        const histogram = new Histogram({ ...options, registers: [theirs] });
        for (const each of values) {
          tally.observe(each);
          histogram.observe(each);
        }
        expect(await own.metrics()).toBe(await theirs.metrics());
        // Asking does not change it.
        expect(await own.getMetricsAsJSON()).toMatchObject([{ name: 'x_size', type: 'histogram' }]);
        expect(await own.metrics()).toBe(await theirs.metrics());
      }),
    );
  });

  it('stands among the metrics of a service under its name', async () => {
    const metrics = createMetrics();
    metrics.fanoutSize.observe(3);
    metrics.deliveryLatencySeconds.observe(0.002);
    const text = await metrics.text();
    expect(text).toContain('# TYPE tidings_fanout_size histogram');
    expect(text).toContain('tidings_fanout_size_bucket{le="2"} 0');
    expect(text).toContain('tidings_fanout_size_bucket{le="5"} 1');
    expect(text).toContain('tidings_fanout_size_sum 3');
    expect(text).toContain('tidings_delivery_latency_seconds_bucket{le="0.0025"} 1');
    expect(text).toContain('tidings_delivery_latency_seconds_count 1');
  });
});
