import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openStream, type StreamClient } from '@tidings/runtime/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { startTwoRegions, type TwoRegions } from './two-regions.ts';

const ADMIN = { sub: 'ops', tidings: { subscribe: ['>'], publish: ['>'], admin: true } };

let regions: TwoRegions;
let traffic: Traffic | undefined;
let admin: string;
const streams: StreamClient[] = [];

afterEach(() => {
  traffic?.stop();
  for (const stream of streams.splice(0)) stream.destroy();
});

async function ask(url: string, method: string, path: string, body?: object, token = admin): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  return await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

async function publish(topic: string, data: string): Promise<void> {
  const answer = await ask(regions.ingest.url, 'POST', '/v1/events', { topic, data });
  expect(answer.status).toBe(202);
}

async function subscribe(url: string, topic: string, token: string): Promise<StreamClient> {
  const stream = await openStream(`${url}/v1/stream?topic=${topic}`, { headers: { authorization: `Bearer ${token}` } });
  streams.push(stream);
  await stream.event('hub.live');
  return stream;
}

/** Half of the clients in each region, at every connect. */
async function startOnBoth(): Promise<Traffic> {
  let turn = 0;
  const edgeUrl = (): string => (turn++ % 2 === 0 ? regions.near : regions.far).url;
  const doors = { token: admin, edgeUrl, ingestUrl: () => regions.ingest.url };
  return await startTraffic(doors, { clients: 20, rate: 150, chance: createChance(7) });
}

async function flow({ ledger }: Traffic, events: number): Promise<void> {
  const goal = ledger.total + events;
  await expect.poll(() => ledger.total, { timeout: 20_000 }).toBeGreaterThan(goal);
}

async function expectAll(run: Traffic): Promise<Record<string, number>> {
  await run.settle();
  const { counts, reasons } = judge(run, { accidents: regions.accidents });
  expect(reasons).toEqual([]);
  expect(counts.delivered).toBeGreaterThan(counts.stored as number);
  return counts;
}

describe('two regions, of which one has the stream and the other a leaf server', () => {
  beforeAll(async () => {
    regions = await startTwoRegions();
    admin = await regions.mint(ADMIN);
  });
  afterAll(() => regions?.remove());

  test('are one hub: sessions, tickets and history are had on either side', async () => {
    const stream = await subscribe(regions.far.url, 'both', admin);
    const id = stream.headers['tidings-session'];
    expect((await ask(regions.near.url, 'PATCH', `/v1/sessions/${id}`, { add: ['both.more'] })).status).toBe(200);
    await publish('both.more', 'added from afar');
    await stream.until(({ events }) => events.some(({ data }) => data === 'added from afar'));
    for (const { url } of [regions.near, regions.far]) {
      const { sessions } = (await (await ask(url, 'GET', '/v1/sessions?topic=both')).json()) as { sessions: object[] };
      expect(sessions).toHaveLength(1);
      const read = await ask(url, 'GET', '/v1/topics/both.more/events');
      expect(((await read.json()) as { events: object[] }).events).toHaveLength(1);
    }
    const { ticket } = (await (await ask(regions.far.url, 'POST', '/v1/tickets', {})).json()) as { ticket: string };
    const open = (url: string) => openStream(`${url}/v1/stream?topic=both&access_token=${ticket}`, {});
    const [first, second] = [await open(regions.near.url), await open(regions.far.url)];
    streams.push(first, second);
    expect([first.status, second.status]).toEqual([200, 401]);
  });

  test.each(['cut', 'stall'] as const)(
    '%s: nothing is lost, and the far edge opens and answers nothing before it knows what was erased and revoked',
    async (how) => {
      const secret = `secret.${how}`;
      const revoked = await regions.mint({ sub: `mallory-${how}`, jti: how, tidings: { subscribe: ['>'] } });
      traffic = await startOnBoth();
      const stays = await subscribe(regions.far.url, 'quiet', admin);
      const near = await subscribe(regions.near.url, 'quiet', admin);
      const goes = await subscribe(regions.far.url, 'quiet', revoked);
      await publish(secret, 'to be erased');
      const read = (token = admin): Promise<Response> =>
        ask(regions.far.url, 'GET', `/v1/topics/${secret}/events`, undefined, token);
      await expect.poll(async () => ((await (await read()).json()) as { events: object[] }).events.length).toBe(1);

      const end = traffic.punctuality.begin(`the regions were parted: ${how}`);
      const cutMs = performance.now();
      for (const link of regions.wan) link[how]();
      // Both are refused until the far edge is given up, and by then it refuses by itself.
      const done = async (name: string, work: () => Promise<Response>): Promise<string> => {
        let tries = 0;
        while (true) {
          tries += 1;
          const { status } = await work();
          if (status < 300) break;
          expect(status, name).toBe(503);
          await pause(100);
        }
        expect((await read()).status, `the far edge, when ${name} was answered`).toBe(503);
        return `${name} after ${Math.round(performance.now() - cutMs)} ms, ${tries} tries`;
      };
      // A read that began before waits for its answer; one that begins now is refused at once.
      const closed = (async () => {
        const isOpen = async (): Promise<boolean> =>
          Promise.race([read().then(({ status }) => status !== 503), pause(250, true)]);
        while (await isOpen()) await pause(50);
        const closedMs = Math.round(performance.now() - cutMs);
        expect(closedMs).toBeLessThan(9_000);
        return `closed after ${closedMs} ms`;
      })();
      const told = await Promise.all([
        closed,
        done('erasure', () => ask(regions.ingest.url, 'DELETE', `/v1/topics/${secret}/events`)),
        done('revocation', () => ask(regions.near.url, 'POST', '/v1/revocations', { jti: how })),
      ]);
      console.log(how, told);
      expect((await ask(regions.far.url, 'GET', '/v1/sessions')).status).toBe(503);
      for (const session of [near.headers['tidings-session'], stays.headers['tidings-session']]) {
        const { status } = await ask(regions.far.url, 'GET', `/v1/sessions/${session}`);
        expect(status).toBe(session === near.headers['tidings-session'] ? 503 : 200);
      }
      expect((await ask(regions.far.url, 'POST', '/v1/tickets', {})).status).toBe(503);
      expect((await ask(regions.far.url, 'POST', '/v1/revocations', { jti: 'unheard' })).status).toBe(503);
      const late = await openStream(`${regions.far.url}/v1/stream?topic=quiet`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      streams.push(late);
      expect(late.events.some(({ event }) => event === 'hub.live')).toBe(false);
      expect([stays.ended, goes.ended]).toEqual([false, false]);

      const mendMs = performance.now();
      for (const link of regions.wan) link.mend();
      while (true) {
        const answer = await read();
        if (answer.status === 200) {
          expect(((await answer.json()) as { events: object[] }).events).toEqual([]);
          break;
        }
        expect(answer.status).toBe(503);
        await pause(20);
      }
      console.log(how, `open again ${Math.round(performance.now() - mendMs)} ms after it was mended`);
      expect((await read(revoked)).status).toBe(401);
      const sessions = await ask(regions.far.url, 'GET', '/v1/sessions?limit=1000');
      expect(((await sessions.json()) as { sessions: object[] }).sessions.length).toBeGreaterThanOrEqual(21);
      end();
      await goes.until(({ ended }) => ended, 10_000);
      expect(goes.text).toContain('revoked');
      await flow(traffic, 100);
      const counts = await expectAll(traffic);
      expect(stays.ended).toBe(false);
      console.log(how, counts);
    },
  );
});

describe.each([60, 200])('two regions that are %i ms apart', (delayMs) => {
  const EVENTS = 200;
  const BYTES = 1_000;

  beforeAll(async () => {
    regions = await startTwoRegions(delayMs);
    admin = await regions.mint(ADMIN);
  });
  afterAll(() => regions?.remove());

  test('the feed crosses once, for all edges there, and everything that an edge does works', async () => {
    const edges = [regions.far, await regions.startFar()];
    const open = await Promise.all([regions.near, ...edges].map(({ url }) => subscribe(url, 'apart', admin)));
    const received = (): number => regions.wan.reduce((sum, link) => sum + link.received, 0);
    const idle = received();
    await pause(3_000);
    const perSecond = (received() - idle) / 3;

    const took: Record<string, number> = {};
    const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const startMs = performance.now();
      const result = await work();
      took[name] = Math.round(performance.now() - startMs);
      return result;
    };
    await timed('an event to the far edge', async () => {
      await publish('apart', 'first');
      await open[1]?.until(({ events }) => events.some(({ data }) => data === 'first'));
    });
    const before = received();
    // Nothing that compression could make smaller.
    for (let count = 0; count < EVENTS; count += 1) await publish('apart', randomBytes(BYTES / 2).toString('hex'));
    for (const stream of open) await stream.until(() => stream.published().length === EVENTS + 1, 20_000);
    took['bytes of each event'] = Math.round((received() - before) / EVENTS);
    took['bytes a second without events'] = Math.round(perSecond);

    const far = edges[1]?.url as string;
    const resumed = await timed('a resume from history', async () => {
      const stream = await openStream(`${far}/v1/stream?topic=apart&replay=all`, {
        headers: { authorization: `Bearer ${admin}` },
      });
      streams.push(stream);
      await stream.until(({ events }) => events.some(({ event }) => event === 'hub.live'), 20_000);
      return stream;
    });
    expect(resumed.published()).toHaveLength(EVENTS + 1);
    await timed('a revocation', async () => {
      expect((await ask(regions.near.url, 'POST', '/v1/revocations', { jti: `apart-${delayMs}` })).status).toBeLessThan(
        300,
      );
    });
    await timed('an erasure', async () => {
      expect((await ask(regions.ingest.url, 'DELETE', '/v1/topics/apart/events')).status).toBe(204);
    });
    await timed('a ticket', async () => expect((await ask(far, 'POST', '/v1/tickets', {})).status).toBe(201));
    console.log(`${delayMs} ms each way`, took);
    // Once, with its headers, for two edges; compression and the beats of the others make the rest.
    expect(took['bytes of each event']).toBeLessThan(2 * BYTES);
  });
});
