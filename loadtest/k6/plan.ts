import exec from 'k6/execution';
import type { Options } from 'k6/options';

type Thresholds = NonNullable<Options['thresholds']>;

/** Nothing lost, nothing repeated, nobody refused, nothing outstanding at the end, which was come to. */
const EXACT: Thresholds = {
  sse_gaps: ['count==0'],
  sse_duplicates: ['count==0'],
  sse_refused: ['count==0'],
  missing: ['value==0'],
  sse_events: ['count>0'],
  completed: ['count==1'],
};

/** What a scenario promises beside that, and the longest that it may take. */
export interface Plan {
  readonly maxSec: number;
  readonly thresholds?: Thresholds;
}

/**
 * One virtual user that runs the scenario once: thousands of streams are the extension's, not of as many virtual users, each of
 * which would be a JavaScript engine.
 */
export function optionsOf({ maxSec, thresholds = {} }: Plan): Options {
  return {
    scenarios: {
      course: { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDuration: `${Math.ceil(maxSec)}s` },
    },
    thresholds: { ...EXACT, ...thresholds },
    summaryTrendStats: ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'],
    insecureSkipTLSVerify: __ENV.TIDINGS_INSECURE === 'yes',
  };
}

/** Runs a scenario so that k6 fails where it throws: by itself it would note the error and exit with 0. */
export function course(run: () => Promise<void>): () => Promise<void> {
  return async () => {
    try {
      await run();
    } catch (error) {
      const { message } = error as Error;
      exec.test.abort(message ?? String(error));
    }
  };
}

/** k6 calls it at the end: the whole of it to `RESULT`, where that is set, and the outcome of each threshold to the terminal. */
export function handleSummary(data: Summary): Record<string, string> {
  const lines = Object.entries(data.metrics).flatMap(([name, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([rule, { ok }]) => `${ok ? 'met    ' : 'NOT MET'}  ${name}: ${rule}`),
  );
  const file = __ENV.RESULT;
  return { stdout: `${lines.sort().join('\n')}\n`, ...(file ? { [file]: JSON.stringify(data) } : {}) };
}

interface Summary {
  readonly metrics: Readonly<
    Record<string, { readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>> }>
  >;
}
