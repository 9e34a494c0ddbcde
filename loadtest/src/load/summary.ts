/** One rule of a scenario, and what came of it. */
export interface Threshold {
  readonly metric: string;
  readonly rule: string;
  readonly met: boolean;
}

/** What k6 tells at the end. */
export interface Summary {
  /** By metric, and by what is told of it: `count`, `value`, `med`, `p(99)`. Submetrics carry their tags in the name. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly thresholds: readonly Threshold[];
}

interface Told {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly values: Readonly<Record<string, number>>;
        readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
      }
    >
  >;
}

/** Reads what `handleSummary` of the scenarios has written. */
export function parseSummary(text: string): Summary {
  const { metrics } = JSON.parse(text) as Told;
  const all = Object.entries(metrics);
  return {
    metrics: Object.fromEntries(all.map(([name, { values }]) => [name, values])),
    thresholds: all
      .flatMap(([metric, { thresholds = {} }]) =>
        Object.entries(thresholds).map(([rule, { ok }]) => ({ metric, rule, met: ok })),
      )
      .sort((a, b) => `${a.metric} ${a.rule}`.localeCompare(`${b.metric} ${b.rule}`)),
  };
}
