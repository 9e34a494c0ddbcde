import type { Metric, MetricValueWithName, Registry } from 'prom-client';

/** A histogram without labels for what happens thousands of times each second. */
export interface TallyHistogram {
  observe(value: number): void;
}

/**
 * Counts in an array, and makes the text of a histogram when somebody asks for it: the same as that of prom-client's own,
 * which makes half a dozen objects for each value.
 *
 * Cost of a value: a walk over the buckets up to its own, nothing allocated.
 * @param buckets upper bounds, ascending.
 */
export function createTallyHistogram(
  { name, help, buckets }: { readonly name: string; readonly help: string; readonly buckets: readonly number[] },
  registry: Registry,
): TallyHistogram {
  // The last is of what is beyond all bounds.
  const counts = new Float64Array(buckets.length + 1);
  let sum = 0;

  // As prom-client's own histogram answers its registry.
  function collect(): object {
    let count = 0;
    const values: MetricValueWithName<'le'>[] = [...buckets, '+Inf'].map((le, at) => {
      count += counts[at] as number;
      return { labels: { le }, value: count, metricName: `${name}_bucket` };
    });
    values.push({ labels: {}, value: sum, metricName: `${name}_sum` });
    values.push({ labels: {}, value: count, metricName: `${name}_count` });
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }

  registry.registerMetric({ name, get: async () => collect() } as unknown as Metric);
  return {
    observe(value) {
      let at = 0;
      while (at < buckets.length && value > (buckets[at] as number)) at += 1;
      counts[at] = (counts[at] as number) + 1;
      sum += value;
    },
  };
}
