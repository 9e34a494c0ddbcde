// A day of a product in a minute: most users are idle and get a notification now and then, some are in rooms, some watch a
// ticker that comes in bursts, some are streamed an answer token by token; visitors come and go.
import { Events, type Streams } from 'k6/x/tidings';
import { enter, readUsage, tellMissing, tellUsage } from '../course.ts';
import { delay } from '../delay.ts';
import { course, optionsOf } from '../plan.ts';
import { publishAtPace } from '../publisher.ts';
import { size, streamsOf, topicOf } from '../target.ts';

export { handleSummary } from '../plan.ts';

const STREAMS = size('STREAMS', 5_000);
const DURATION_SEC = size('DURATION', 60);
const BURST = size('BATCH', 20);
const BURST_EVERY_MS = 2_000;
const VISIT_MS = 5_000;
const DRAIN_MS = 60_000;
const USERS = share(0.7);
const ROOM_SIZE = 50;
const ROOMS = Math.max(1, Math.round(share(0.2) / ROOM_SIZE));
const WATCHERS = share(0.08);
const READERS = share(0.02);
const VISITORS = share(0.02);

function share(part: number): number {
  return Math.max(1, Math.round(STREAMS * part));
}

/** Requests that may be under way at once, where each topic has its turn only after all others: none overtakes the one before. */
const apart = (topics: number): number => Math.max(1, Math.min(8, Math.floor(topics / 8)));

export const options = optionsOf({
  maxSec: DURATION_SEC + 300,
  thresholds: Object.fromEntries(
    ['users', 'rooms', 'ticker', 'answers', 'visitors'].map((group) => [
      `sse_event_latency{group:${group}}`,
      [`p(99)<${size('P99_MS', 1_000)}`],
    ]),
  ),
});

/** Streams of one kind, what they are sent, and how many of them get each event. */
interface Group {
  readonly streams: Streams;
  readonly events: Events;
  readonly readers: number;
}

function group(name: string, topics: number, readers: number, http: 'h1' | 'h2', payloadBytes: number): Group {
  const topic = topicOf(`${name}.{n}`);
  const streams = streamsOf([topic], { streams: topics * readers, topics, http, tags: { group: name } });
  return { streams, readers, events: new Events({ topic, topics, payloadBytes }) };
}

export default course(async () => {
  const users = group('users', USERS, 1, 'h2', 300);
  const rooms = group('rooms', ROOMS, ROOM_SIZE, 'h1', 200);
  const ticker = group('ticker', 1, WATCHERS, 'h2', 100);
  const answers = group('answers', READERS, 1, 'h1', 60);
  const groups = [users, rooms, ticker, answers];

  enter('opening');
  await Promise.all(groups.map(({ streams }) => streams.open()));
  const before = readUsage();
  enter('measuring');
  const endMs = Date.now() + DURATION_SEC * 1_000;
  await Promise.all([
    publishAtPace({ events: users.events, rate: Math.max(1, USERS / 60), batch: 1, endMs, connections: apart(USERS) }),
    publishAtPace({ events: rooms.events, rate: Math.max(1, ROOMS), batch: 1, endMs, connections: apart(ROOMS) }),
    publishAtPace({ events: ticker.events, rate: (BURST * 1_000) / BURST_EVERY_MS, batch: BURST, endMs }),
    // A token every 100 ms for each of the answers.
    publishAtPace({ events: answers.events, rate: READERS * 10, batch: READERS, endMs }),
    visit(endMs),
  ]);

  enter('draining');
  const expected = groups.map(({ events, readers }) => events.made * readers);
  await Promise.all(groups.map(({ streams }, index) => streams.received(expected[index] as number, DRAIN_MS)));
  const came = groups.map(({ streams }) => streams.counts().events);
  const sum = (counts: readonly number[]): number => counts.reduce((all, each) => all + each, 0);
  tellUsage(before, readUsage(), sum(came));
  tellMissing(sum(expected), sum(came));
  for (const { streams } of groups) streams.close();
  enter('done');
});

/** Visitors open a room, stay for some seconds and leave: what has to be opened and closed all day. */
async function visit(endMs: number): Promise<void> {
  do {
    const visitors = streamsOf([topicOf('rooms.{n}')], {
      streams: VISITORS,
      topics: ROOMS,
      tags: { group: 'visitors' },
      connectionsPerSecond: (VISITORS * 1_000) / VISIT_MS,
    });
    await visitors.open();
    await delay(VISIT_MS);
    const { events } = visitors.counts();
    visitors.close();
    // Each room has one a second.
    if (events === 0) throw new Error('visitors stayed for 5 s and saw nothing');
  } while (Date.now() < endMs - VISIT_MS);
}
