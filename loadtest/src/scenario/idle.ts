import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '../generator/target.ts';
import { atMost } from '../report/goal.ts';
import type { Row } from '../report/row.ts';
import { startFloor } from '../server/floor.ts';
import type { Subject } from '../server/subject.ts';
import { startHubSubject } from '../server/tidings.ts';
import type { BenchContext, Scenario } from './context.ts';
import { fleetOf, withSubject } from './session.ts';

const STREAMS_PER_SEC = 800;
const STREAMS_PER_CONNECTION = 100;
const KIB = 1_024;
const SETTLE_MS = 500;
const MOST_LOOKS = 16;
// Memory stands still when three looks in a row differ by less than this.
const STILL_SHARE = 0.003;

/** What one open and silent stream costs, over the process before it. */
export interface IdleCost {
  readonly bytesPerStream: number;
  readonly rssBytes: number;
}

/** Opens streams at a gentle pace, and measures once the server's memory stands still. */
export async function runIdle(start: () => Promise<Subject>, streams: number): Promise<IdleCost> {
  return withSubject(start, async (subject, generator) => {
    const before = await settle(subject);
    const perConnection = subject.streams.transport === 'h2c' ? STREAMS_PER_CONNECTION : 1;
    await generator.ask('open', fleetOf(subject, { streams, connectionsPerSec: STREAMS_PER_SEC / perConnection }));
    const rssBytes = await settle(subject);
    const { closed } = await generator.ask('tally', { name: 'all' });
    if (closed > 0) throw new Error(`${closed} streams were closed`);
    return { bytesPerStream: (rssBytes - before) / streams, rssBytes };
  });
}

async function settle({ process }: Subject): Promise<number> {
  await sleep(SETTLE_MS);
  await process.collect();
  const looks: number[] = [];
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    await sleep(SETTLE_MS);
    looks.push((await process.usage()).rssBytes);
    const last = looks.slice(-3);
    if (last.length === 3 && Math.max(...last) - Math.min(...last) < STILL_SHARE * Math.max(...last)) break;
  }
  return looks.at(-1) as number;
}

const idle = (name: string, title: string, transport: Transport): Scenario => ({
  name,
  title,
  async run({ quick }: BenchContext): Promise<Row[]> {
    const streams = quick ? 2_000 : 10_000;
    const options = { transport, flags: ['--expose-gc'] };
    const floor = await runIdle(() => startFloor(options), streams);
    const tidings = await runIdle(() => startHubSubject(options), streams);
    const kib = tidings.bytesPerStream / KIB;
    return [
      {
        scenario: name,
        title,
        figure: `${kib.toFixed(1)} KiB a stream; raw Node ${(floor.bytesPerStream / KIB).toFixed(1)}`,
        ratio: tidings.bytesPerStream / floor.bytesPerStream,
        rssBytes: tidings.rssBytes,
        notes: quick ? ['few streams: the share of the process itself shows'] : [],
        verdicts: [atMost('<= 12 KiB of memory a stream', kib, 12)],
      },
    ];
  },
});

export const IDLES: readonly Scenario[] = [
  idle('idle-h1', 'memory of 10,000 idle streams, HTTP/1.1', 'h1'),
  idle('idle-h2c', 'memory of 10,000 idle streams, HTTP/2, 100 a connection', 'h2c'),
];
