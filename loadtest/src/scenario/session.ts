import type { FleetOptions } from '../generator/fleet.ts';
import { type Generator, startGenerator } from '../generator/generator.ts';
import { beside } from '../server/beside.ts';
import type { Subject } from '../server/subject.ts';

/** Starts a server and clients for one piece of work, and ends both after it, however it goes. */
export async function withSubject<Result>(
  start: () => Promise<Subject>,
  work: (subject: Subject, generator: Generator) => Promise<Result>,
): Promise<Result> {
  const subject = await start();
  const generator = startGenerator();
  try {
    return await work(subject, generator);
  } finally {
    await generator.stop();
    await subject.stop();
  }
}

/** A group of streams of a subject, with what most have in common. */
export function fleetOf(subject: Subject, wish: Pick<FleetOptions, 'streams'> & Partial<FleetOptions>): FleetOptions {
  const { path = '/v1/stream?topic=bench.all' } = wish;
  return {
    name: 'all',
    target: subject.streams,
    opening: subject.opening,
    topics: 1,
    streamsPerConnection: 100,
    connectionsPerSec: 0,
    keepsCursors: false,
    ...wish,
    path: `${path}${beside.query}`,
  };
}
