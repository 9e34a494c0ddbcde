import { mintToken } from '@tidings/auth';
import { systemClock } from '@tidings/runtime';
import { openStream, type StreamClient } from '@tidings/runtime/testing';

const PUBLISH_PERIOD_MS = 200;
const CLIENT_PERIOD_MS = 1_000;
const EVENTS_A_TIME = 10;
// Enough that those of one edge take seconds to leave.
const STREAMS = 240;
const LARGE = 'x'.repeat(60_000);

/** Clients and publishers that do a bit of everything, for as long as they are not stopped. */
export interface ObservedLoad {
  readonly streams: readonly StreamClient[];
  /** Publishes that were not answered with 202, by status; 0 for those without an answer. */
  readonly failed: ReadonlyMap<number, number>;
  stop(): Promise<void>;
}

/**
 * Opens streams on both edges, one of which does not read, publishes to all, comes back with a cursor, and shows tokens that
 * are none.
 */
export async function startObservedLoad(
  secret: string,
  edges: readonly string[],
  ingest: string,
): Promise<ObservedLoad> {
  const mint = (tidings: object): Promise<string> =>
    mintToken(secret, { sub: 'observed', tidings }, 3_600, systemClock);
  const [reader, publisher] = [await mint({ subscribe: ['>'] }), await mint({ publish: ['>'] })];
  const headers = { authorization: `Bearer ${reader}` };
  const failed = new Map<number, number>();
  const streams: StreamClient[] = [];
  const cursors: string[] = [];
  const open = async (place: number): Promise<StreamClient> => {
    const edge = edges[place % edges.length] as string;
    const topic = place === 0 ? 'large' : `load.${place % 10}`;
    const resume = cursors[place] === undefined ? {} : { 'last-event-id': cursors[place] };
    const client = await openStream(`${edge}/v1/stream?topic=${topic}`, { headers: { ...headers, ...resume } });
    streams[place] = client;
    return client;
  };
  for (let place = 0; place < STREAMS; place += 1) {
    const client = await open(place);
    await client.event('hub.live');
    if (place === 0) client.pause();
  }

  async function publish(turn: number): Promise<void> {
    const events = Array.from({ length: EVENTS_A_TIME }, (_, place) => ({
      topic: `load.${(turn + place) % 10}`,
      data: { turn },
      ...(turn % 10 === 0 && { delay: 1 }),
    }));
    const body = JSON.stringify(turn % 2 === 0 ? [...events, { topic: 'large', data: LARGE }] : events);
    const asked = { authorization: `Bearer ${publisher}`, 'content-type': 'application/json' };
    const answer = await fetch(`${ingest}/v1/events`, { method: 'POST', headers: asked, body }).catch(() => undefined);
    await answer?.arrayBuffer();
    const status = answer?.status ?? 0;
    if (status !== 202) failed.set(status, (failed.get(status) ?? 0) + 1);
  }

  async function comeBack(place: number): Promise<void> {
    const client = streams[place];
    if (client === undefined) return;
    // One that was refused keeps the cursor that it came with.
    if (client.lastEventId !== '') cursors[place] = client.lastEventId;
    client.destroy();
    await open(place);
  }

  async function showBadTokens(): Promise<void> {
    const bad = { authorization: 'Bearer x.y.z' };
    for (const url of [...edges, ingest]) {
      const method = url === ingest ? 'POST' : 'GET';
      const path = url === ingest ? '/v1/events' : '/v1/stream?topic=a';
      const answer = await fetch(url + path, { method, headers: bad });
      await answer.arrayBuffer();
    }
  }

  let stopped = false;
  const repeat = async (periodMs: number, run: (turn: number) => Promise<unknown>): Promise<void> => {
    for (let turn = 1; !stopped; turn += 1) {
      await run(turn);
      await new Promise((resolve) => setTimeout(resolve, periodMs));
    }
  };
  // Each by itself: a publish waits for seconds where the log is away.
  const running = [
    repeat(PUBLISH_PERIOD_MS, publish),
    // An edge may be gone, or cut off: that is what is looked at.
    repeat(CLIENT_PERIOD_MS, (turn) => Promise.allSettled([comeBack(1 + (turn % (STREAMS - 1))), showBadTokens()])),
  ];

  return {
    streams,
    failed,
    async stop() {
      stopped = true;
      for (const client of streams) client.destroy();
      await Promise.all(running);
    },
  };
}
