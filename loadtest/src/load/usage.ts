import { readForeignUsage } from '../server/foreign-usage.ts';

/** CPU time and memory of processes over a run, by name. */
export interface ProcessUse {
  readonly name: string;
  /** Seconds of Unix time, and what of one core it used in the second before; resident bytes. */
  readonly samples: readonly { readonly time: number; readonly cores: number; readonly rssBytes: number }[];
  /** CPU seconds over all of the run. */
  readonly cpuSec: number;
}

const EVERY_MS = 1_000;
const LEAST_SEC = 0.5;

/**
 * Looks at processes once a second until it is stopped. One that was started again under the same name goes on there.
 * @param pids the processes of now.
 */
export function watchUsage(pids: () => Readonly<Record<string, number | undefined>>): { stop(): ProcessUse[] } {
  const seen = new Map<
    string,
    { samples: ProcessUse['samples'][number][]; cpuSec: number; pid: number; last: number }
  >();
  let lastSec = Date.now() / 1_000;
  let isFirst = true;
  const look = (): void => {
    const time = Date.now() / 1_000;
    for (const [name, pid] of Object.entries(pids())) {
      const usage = pid === undefined ? undefined : readForeignUsage(pid);
      if (pid === undefined || usage === undefined) continue;
      const known = seen.get(name) ?? { samples: [], cpuSec: 0, pid: 0, last: 0 };
      seen.set(name, known);
      // What one had used before the first look is not of this run; of one that came later all is.
      const used = known.pid === pid ? usage.cpuSec - known.last : isFirst ? 0 : usage.cpuSec;
      Object.assign(known, { pid, last: usage.cpuSec });
      known.cpuSec += used;
      // A share of a moment is no share: the kernel counts in hundredths of a second.
      if (time - lastSec < LEAST_SEC) continue;
      known.samples.push({ time, cores: used / (time - lastSec), rssBytes: usage.rssBytes });
    }
    lastSec = time;
    isFirst = false;
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return [...seen].map(([name, { samples, cpuSec }]) => ({ name, samples, cpuSec }));
    },
  };
}
