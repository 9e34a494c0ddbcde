import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createTallyHistogram, type TallyHistogram } from './tally-histogram.ts';

/** A metric as a reference lists it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

/** A gauge whose value is asked for when somebody looks, so that nothing has to be noted when it changes. */
export interface AskedGauge {
  /** Before this it is 0. */
  from(ask: () => number): void;
}

/** Which values of each label have a series from the start on; the others get theirs with the first of them. */
type Labels<Label extends string> = Readonly<Record<Label, readonly string[]>>;

/** Makes metrics in a registry, each with the prefix of this project, and keeps a list of them. */
export interface MetricKinds {
  readonly list: readonly MetricDescription[];
  counter<Label extends string = never>(name: string, help: string, labels?: Labels<Label>): Counter<Label>;
  gauge<Label extends string = never>(name: string, help: string, labels?: Labels<Label>): Gauge<Label>;
  askedGauge(name: string, help: string): AskedGauge;
  histogram(name: string, help: string, buckets: number[]): Histogram;
  tally(name: string, help: string, buckets: number[]): TallyHistogram;
}

/**
 * A counter that begins with its first count has no rate for it: what alerts and dashboards look at must be there as 0
 * before.
 */
export function createMetricKinds(registry: Registry): MetricKinds {
  const registers = [registry];
  const list: MetricDescription[] = [];

  function describe(name: string, type: MetricDescription['type'], help: string, labels: object = {}): string {
    const fullName = `tidings_${name}`;
    list.push({ name: fullName, type, labels: Object.keys(labels), help });
    return fullName;
  }

  const begin = <Label extends string>(labels: Labels<Label>, set: (label: Record<Label, string>) => void): void => {
    for (const [label, values] of Object.entries<readonly string[]>(labels)) {
      for (const value of values) set({ [label]: value } as Record<Label, string>);
    }
  };

  return {
    list,
    counter<Label extends string = never>(name: string, help: string, labels = {} as Labels<Label>) {
      const labelNames = Object.keys(labels) as Label[];
      const counter = new Counter({ name: describe(name, 'counter', help, labels), help, labelNames, registers });
      begin(labels, (label) => counter.inc(label, 0));
      return counter;
    },
    gauge<Label extends string = never>(name: string, help: string, labels = {} as Labels<Label>) {
      const labelNames = Object.keys(labels) as Label[];
      const gauge = new Gauge({ name: describe(name, 'gauge', help, labels), help, labelNames, registers });
      begin(labels, (label) => gauge.set(label, 0));
      return gauge;
    },
    askedGauge(name, help) {
      let ask = (): number => 0;
      new Gauge({
        name: describe(name, 'gauge', help),
        help,
        registers,
        collect() {
          this.set(ask());
        },
      });
      return {
        from(next) {
          ask = next;
        },
      };
    },
    histogram: (name, help, buckets) =>
      new Histogram({ name: describe(name, 'histogram', help), help, buckets, registers }),
    tally: (name, help, buckets) =>
      createTallyHistogram({ name: describe(name, 'histogram', help), help, buckets }, registry),
  };
}
