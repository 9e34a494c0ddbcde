import { setTimeout as sleep } from 'node:timers/promises';
import { describeMachine } from '../report/machine.ts';
import { type LoadScenario, SCENARIOS } from './catalogue.ts';
import { FAULTS, type Mark } from './fault.ts';
import { runK6 } from './k6-process.ts';
import { knownSizes } from './known-size.ts';
import type { Line } from './line.ts';
import type { LoadOptions } from './options.ts';
import { PHASES } from './phase.ts';
import type { LoadResult } from './result.ts';
import { type LoadSite, startLoadSite } from './site.ts';
import type { Summary } from './summary.ts';
import { watchUsage } from './usage.ts';

export interface LoadRun extends Omit<LoadOptions, 'out'> {
  readonly k6: string;
  /** Told of each second. */
  readonly onLine?: (line: Line) => void;
  readonly onMark?: (mark: Mark) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs a scenario once, with what it needs around it; what it started has ended when this resolves.
 * @throws TypeError for a size that the scenario does not know.
 * @throws Error when it did not come to an end: with what k6, or a server, said last.
 */
export async function runLoad(run: LoadRun): Promise<LoadResult> {
  const scenario = SCENARIOS[run.scenario];
  if (scenario === undefined) throw new TypeError(`there is no scenario ${run.scenario}`);
  const known = knownSizes(run.scenario);
  const unknown = Object.keys(run.sizes).filter((name) => !known.has(name));
  if (unknown.length > 0)
    throw new TypeError(`${run.scenario} knows no ${unknown.join(', ')}: ${[...known].sort().join(', ')}`);
  const site =
    run.target === undefined ? await startLoadSite(run.site, run.edges, scenario.env) : givenSite(run.target);
  try {
    return await runAt(site, scenario, run);
  } finally {
    await site.stop();
  }
}

async function runAt(site: LoadSite, { title, fault }: LoadScenario, run: LoadRun): Promise<LoadResult> {
  const startMs = Date.now();
  const timeline: Line[] = [];
  const marks: Mark[] = [];
  const faults: string[] = [];
  let k6Pid: number | undefined;
  const usage = watchUsage(() => ({ ...site.pids(), k6: k6Pid }));
  let phase: number = PHASES.opening;
  let causing: Promise<void> | undefined;
  const leaving = new AbortController();

  const cause = async (): Promise<void> => {
    if (fault === undefined || site.edges.length === 0) return;
    const mark = (what: string): void => {
      const made = { time: Date.now() / 1_000, what };
      marks.push(made);
      run.onMark?.(made);
    };
    const wait = (ms: number): Promise<void> => sleep(ms, undefined, { signal: leaving.signal });
    try {
      await FAULTS[fault]({ edges: site.edges, mark, wait });
      if (phase > PHASES.measuring)
        faults.push('the edges were not all back before publishing ended: choose a longer --duration');
    } catch (error) {
      const why =
        (error as Error).name === 'AbortError'
          ? 'the run ended before all was done to the edges: choose a longer --duration'
          : String(error);
      faults.push(why);
    }
  };

  try {
    const { summary, hasCrossedThresholds, words } = await runK6({
      binary: run.k6,
      scenario: run.scenario,
      isLocal: run.target === undefined,
      env: {
        ...run.sizes,
        TIDINGS_URL: site.urls.join(','),
        TIDINGS_INGEST_URL: site.ingest,
        TIDINGS_ADMIN_URLS: site.admins.join(','),
        TIDINGS_TOKEN: site.token,
      },
      onStart: (pid) => {
        k6Pid = pid;
      },
      onLine: (line) => {
        timeline.push(line);
        phase = line.gauges.phase ?? phase;
        if (phase >= PHASES.measuring) causing ??= cause();
        run.onLine?.(line);
      },
      ...(run.signal && { signal: run.signal }),
    });
    const seconds = (Date.now() - startMs) / 1_000;
    leaving.abort();
    await causing;
    faults.push(...(await site.accidents()), ...faultsOf(summary, hasCrossedThresholds, words));
    return {
      scenario: run.scenario,
      title,
      date: new Date(startMs).toISOString(),
      machine: describeMachine(),
      target: run.target === undefined ? describeSite(run) : run.target.urls.map((url) => new URL(url).host).join(', '),
      sizes: run.sizes,
      seconds,
      metrics: summary.metrics,
      thresholds: summary.thresholds,
      marks,
      processes: usage.stop(),
      timeline,
      faults,
    };
  } catch (error) {
    leaving.abort();
    await causing;
    // What a server said last explains more than that k6 could not reach it.
    const told = [(error as Error).message, ...faults, ...(await site.accidents())];
    usage.stop();
    throw new Error(told.join('\n'), { cause: error });
  }
}

/** What its exit code and its last words say beside the thresholds. */
function faultsOf({ thresholds }: Summary, hasCrossedThresholds: boolean, words: string): string[] {
  const unmet = thresholds.filter(({ met }) => !met);
  if (unmet.some(({ metric }) => metric === 'completed'))
    return [`the scenario did not come to its end in the time that it had${words === '' ? '' : `:\n${words}`}`];
  if (hasCrossedThresholds && unmet.length === 0) return [`k6 says that a threshold does not hold:\n${words}`];
  return [];
}

const describeSite = ({ site, edges }: LoadRun): string =>
  site === 'hub' ? 'a hub, started here' : `three nats-servers, ${edges} edges and an ingest, started here`;

const givenSite = ({ urls, ingest, admins, token }: NonNullable<LoadRun['target']>): LoadSite => ({
  urls,
  ingest: ingest ?? (urls[0] as string),
  admins,
  token,
  edges: [],
  pids: () => ({}),
  accidents: async () => [],
  stop: async () => {},
});
