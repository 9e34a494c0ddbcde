import type { Generator } from '../generator/generator.ts';
import type { Measurement } from '../report/row.ts';
import type { Subject } from '../server/subject.ts';

/** What a piece of work cost, beside its result. */
export interface Measured<Result> extends Omit<Measurement, 'notes' | 'rate' | 'latency'> {
  readonly result: Result;
  /** CPU time of the server, in seconds. */
  readonly cpuSec: number;
  readonly wallSec: number;
  readonly notes: string[];
}

/** Runs a piece of work, and counts what the server, its companions and the clients spend on it. */
export async function measure<Result>(
  subject: Subject,
  generator: Generator,
  work: () => Promise<Result>,
): Promise<Measured<Result>> {
  const look = async () => ({
    server: await subject.process.usage(),
    others: await Promise.all(subject.others.map(({ usage }) => usage())),
    generatorSec: await generator.cpuSec(),
    ms: performance.now(),
  });
  const before = await look();
  const result = await work();
  const after = await look();
  const wallSec = (after.ms - before.ms) / 1e3;
  const cpuSec = after.server.cpuSec - before.server.cpuSec;
  const notes = subject.others.flatMap(({ name }, index) => {
    const [first, last] = [before.others[index], after.others[index]];
    if (first === undefined || last === undefined) return [];
    return `${name} used ${Math.round(((last.cpuSec - first.cpuSec) / wallSec) * 100)}% of a core`;
  });
  return {
    result,
    cpuSec,
    wallSec,
    rssBytes: after.server.rssBytes,
    serverShare: cpuSec / wallSec,
    generatorShare: (after.generatorSec - before.generatorSec) / wallSec,
    notes,
  };
}
