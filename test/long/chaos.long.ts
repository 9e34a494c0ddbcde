import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { covers, type DecodedEvent } from '@tidings/protocol';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SECRET = 'a secret of the long tests of 32 bytes or more';
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 30);
const CLIENTS = 100;
const TOPICS = Array.from({ length: 60 }, (_, index) => `chaos.${index % 6}.😀${index}`);
const SUBSCRIPTIONS = [
  ['chaos.>'],
  ['chaos.1.*', 'chaos.2.>'],
  [TOPICS[7] as string, 'chaos.*.😀9'],
  TOPICS.slice(0, 40),
];

let hub: Hub;
let token: string;

beforeAll(async () => {
  // A small ring, so that resumes are served from history as well as from the ring.
  const env = { PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, TIDINGS_RING_MAX_BYTES: '1000000' };
  hub = await startHub(loadSettings(env), createLogger('hub', 'warn'));
  token = await mintToken(SECRET, { sub: 'chaos', tidings: { subscribe: ['>'], publish: ['>'] } }, 3_600, systemClock);
});

afterAll(() => hub.stop());

/** A client that is cut, stalls and comes back again and again with the cursor that a browser would send. */
interface Follower {
  readonly topics: readonly string[];
  readonly seen: string[];
  cuts: number;
  stop(): Promise<void>;
}

function follow(topics: readonly string[], isOver: () => boolean): Follower {
  let lastEventId = '';
  let client: StreamClient | undefined;
  const follower: Follower = { topics, seen: [], cuts: 0, stop: () => running };
  const query = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&');

  async function live(): Promise<void> {
    while (true) {
      const resume = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      client = await openStream(`${hub.url}/v1/stream?${query}`, {
        headers: { authorization: `Bearer ${token}`, ...resume },
      });
      const current = client;
      expect(current.status).toBe(200);
      if (isOver()) {
        // The last time: nothing more is published, so once it is live it has everything.
        await current.until(({ events }) => events.some(({ event }) => event === 'hub.live'), 60_000);
        take(current);
        current.destroy();
        return;
      }
      if (Math.random() < 0.3) current.pause();
      await pause(50 + Math.random() * 1_500);
      current.resume();
      if (Math.random() < 0.5) await pause(Math.random() * 300);
      current.destroy();
      follower.cuts += 1;
      take(current);
    }
  }

  function take({ events, lastEventId: reached }: StreamClient): void {
    follower.seen.push(...events.filter(({ event }: DecodedEvent) => event === 'message').map(({ data }) => data));
    const bad = events.find(({ event }) => event === 'hub.gap');
    expect(bad, 'a gap within retention').toBeUndefined();
    if (reached !== '') lastEventId = reached;
  }

  const running = live();
  return follower;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test(`${CLIENTS} clients that are cut and stalled for ${SECONDS} s get every event once and in order`, async () => {
  const published: { topic: string; text: string }[] = [];
  let over = false;
  const followers = Array.from({ length: CLIENTS }, (_, index) => {
    return follow(SUBSCRIPTIONS[index % SUBSCRIPTIONS.length] as string[], () => over);
  });
  // Everybody has a cursor before the first event, so that all of them must see all of it.
  await pause(2_500);

  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    const batch = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => {
      const topic = TOPICS[Math.floor(Math.random() * TOPICS.length)] as string;
      const text = `${published.length}:${'x'.repeat(Math.floor(Math.random() * 600))}`;
      published.push({ topic, text });
      return { topic, data: text };
    });
    const response = await fetch(`${hub.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(batch),
    });
    expect(response.status).toBe(202);
    await response.arrayBuffer();
    await pause(Math.random() * 30);
  }
  over = true;
  await Promise.all(followers.map((follower) => follower.stop()));

  let deliveries = 0;
  for (const { topics, seen } of followers) {
    const expected = published
      .filter(({ topic }) => topics.some((pattern) => covers(pattern, topic)))
      .map(({ text }) => text);
    expect(seen.map((text) => text.split(':')[0])).toEqual(expected.map((text) => text.split(':')[0]));
    deliveries += seen.length;
  }
  const cuts = followers.reduce((sum, follower) => sum + follower.cuts, 0);
  console.log(
    `${published.length} published, ${deliveries} delivered over ${cuts} cuts: none lost, repeated or out of order`,
  );
});

test('a minute of churn leaves no handle, no session, and no growing memory', async () => {
  const before = process.getActiveResourcesInfo().length;
  const samples: number[] = [];
  const end = performance.now() + 60_000;
  let opened = 0;
  while (performance.now() < end) {
    const clients = await Promise.all(
      Array.from({ length: 40 }, () =>
        openStream(`${hub.url}/v1/stream?topic=churn.*&replay=last`, { headers: { authorization: `Bearer ${token}` } }),
      ),
    );
    opened += clients.length;
    await Promise.all(clients.map((client) => client.event('hub.live')));
    for (const client of clients) client.destroy();
    if (opened % 800 === 0) samples.push(process.memoryUsage().heapUsed);
  }
  const metrics = async (): Promise<string> => (await fetch(`${hub.adminUrl}/metrics`)).text();
  await expect.poll(metrics).toContain('tidings_connections_open{transport="h1"} 0');
  await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before + 5);
  // The floor of a saw-tooth is what is really held: compare the lowest of each half.
  const half = Math.floor(samples.length / 2);
  const [early, late] = [Math.min(...samples.slice(0, half)), Math.min(...samples.slice(half))];
  console.log(`${opened} streams; lowest heap ${Math.round(early / 1e6)} MB, then ${Math.round(late / 1e6)} MB`);
  expect(late).toBeLessThan(early * 1.25 + 5e6);
});
