import { mintToken } from '@tidings/auth';
import { askJetStream, type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import {
  buildWorkspace,
  openStream,
  request,
  type ServiceProcess,
  type StreamClient,
  startServiceProcess,
} from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const KEY = 'a secret of this test that is 32 bytes or longer';
/** Stands in every event that is erased, and in no other. */
const MARKER = 'erase-me';
/** More than the buffers of the kernel on both ends take. */
const BULK_EVENTS = 100;
const BULK = 'x'.repeat(200_000);

let nats: NatsServer;
let ingest: ServiceProcess;
let edges: ServiceProcess[];
let ingestUrl: string;
let edgeUrls: string[];
let headers: Record<string, string>;
const streams: StreamClient[] = [];

function start(workspace: string, env: NodeJS.ProcessEnv = {}): ServiceProcess {
  return startServiceProcess(workspace, { TIDINGS_JWT_SECRET: KEY, TIDINGS_NATS_URL: nats.url, ...env });
}

beforeAll(async () => {
  for (const workspace of ['services/edge', 'services/ingest']) buildWorkspace(workspace);
  nats = await startNatsServer();
  // The ring of one holds everything; the other has to ask the log for what is older than the bulk.
  edges = [start('services/edge'), start('services/edge', { TIDINGS_RING_MAX_BYTES: '1000000' })];
  ingest = start('services/ingest');
  const listening = await Promise.all([ingest, ...edges].map((service) => service.listening()));
  [ingestUrl, ...edgeUrls] = listening.map(({ url }) => url) as [string, ...string[]];
  const tidings = { subscribe: ['>'], publish: ['>'], admin: true };
  headers = { authorization: `Bearer ${await mintToken(KEY, { sub: 'ops', tidings }, 3_600, systemClock)}` };
});

afterAll(async () => {
  for (const stream of streams) stream.destroy();
  for (const service of [ingest, ...edges]) service.signal('SIGKILL');
  await Promise.all([ingest, ...edges].map(({ exited }) => exited));
  await nats.remove();
});

/** Resolves with the event's cursor. */
async function publish(topic: string, text: string, query = ''): Promise<string> {
  const asked = { method: 'POST', headers: { ...headers, 'content-type': 'text/plain' }, body: text };
  const answer = await request(`${ingestUrl}/v1/topics/${topic}/events${query}`, asked);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id: string }).id;
}

const erase = (path: string): Promise<Response> =>
  request(`${ingestUrl}/v1/${path}/events`, { method: 'DELETE', headers });

async function subscribe(url: string, query: string, cursor?: string): Promise<StreamClient> {
  const asked = { headers: { ...headers, ...(cursor !== undefined && { 'last-event-id': cursor }) } };
  const stream = await openStream(`${url}/v1/stream?${query}`, asked);
  streams.push(stream);
  expect(stream.status).toBe(200);
  return stream;
}

const textsOf = (stream: StreamClient): string[] => stream.published().map(({ data }) => data);

/** The texts that a stream replays before it is live, or ends. */
async function replayed(url: string, query: string, cursor?: string): Promise<string[]> {
  const stream = await subscribe(url, query, cursor);
  await stream.until(({ events }) => events.some(({ event }) => event === 'hub.live' || event === 'hub.bye'));
  stream.destroy();
  // It would say that something is gone which was not there to be read.
  expect(stream.events.filter(({ event }) => event === 'hub.gap')).toEqual([]);
  if (cursor !== undefined) expect(JSON.parse(stream.events[0]?.data ?? '')).toMatchObject({ resumed: true });
  return textsOf(stream);
}

/** The texts of history, in pages of two. */
async function history(url: string, pattern: string): Promise<string[]> {
  const texts: string[] = [];
  for (let after = ''; ; ) {
    const answer = await request(`${url}/v1/topics/${pattern}/events?limit=2${after}`, { headers });
    const { events, next } = (await answer.json()) as { events: { data: string }[]; next: string };
    texts.push(...events.map(({ data }) => data));
    if (events.length < 2) return texts;
    after = `&after=${next}`;
  }
}

/** What every way to read gives for some topics. */
async function readEverywhere(
  url: string,
  topics: readonly string[],
  cursor: string,
): Promise<Record<string, string[]>> {
  const query = topics.map((topic) => `topic=${topic}`).join('&');
  const ways: Record<string, Promise<string[]>> = {
    'history by topic': Promise.all(topics.map((topic) => history(url, topic))).then((lists) => lists.flat()),
    'replay=all': replayed(url, `${query}&replay=all`),
    'replay=100': replayed(url, `${query}&replay=100`),
    'replay by time': replayed(url, `${query}&replay=2020-01-01T00:00:00Z`),
    'Last-Event-ID': replayed(url, query, cursor),
    last_event_id: replayed(url, `${query}&last_event_id=${cursor}`),
  };
  const texts = await Promise.all(Object.values(ways));
  return Object.fromEntries(Object.keys(ways).map((way, place) => [way, texts[place] as string[]]));
}

describe('what was erased is never read again, and everything else once', () => {
  test('a topic and a user, over every way to read, on edges that were there and on one that comes later', async () => {
    const origin = await publish('other', 'the place before everything');
    const open = await Promise.all(edgeUrls.map((url) => subscribe(url, 'topic=shop.*&topic=user.%3E')));
    const slow = await Promise.all(edgeUrls.map((url) => subscribe(url, 'topic=shop.*&topic=user.%3E&topic=bulk')));
    await Promise.all([...open, ...slow].map((stream) => stream.event('hub.live')));
    for (const stream of slow) stream.pause();

    await publish('shop.2', 'kept 1');
    const erasedCursor = await publish('shop.1', `${MARKER} 1`);
    await publish('user.ann', `${MARKER} 2`);
    await publish('user.ann.cart', `${MARKER} 3`);
    await publish('user.bob', 'kept 2');
    for (let count = 0; count < BULK_EVENTS; count += 1) await publish('bulk', BULK);
    for (const [place, url] of edgeUrls.entries()) {
      const session = slow[place]?.headers['tidings-session'];
      const lag = async (): Promise<number> =>
        ((await (await request(`${url}/v1/sessions/${session}`, { headers })).json()) as { lag: number }).lag;
      await expect.poll(lag, { timeout: 10_000 }).toBeGreaterThan(0);
    }
    await publish('shop.1', `${MARKER} 4`, '?final=true');
    await publish('user.ann', `${MARKER} 5`);
    await publish('shop.2', 'kept 3', '?final=true');
    for (const stream of open) await stream.until(() => textsOf(stream).length === 8);
    // Else the marker would be missed for another reason.
    for (const url of edgeUrls) expect((await replayed(url, 'topic=shop.1&replay=all')).join()).toContain(MARKER);

    expect((await erase('topics/shop.1')).status).toBe(204);
    expect((await erase('users/ann')).status).toBe(204);

    // It is gone from the log itself, and not only hidden.
    const { state } = await askJetStream(nats.url, '$JS.API.STREAM.INFO.EVT_0', { subjects_filter: 'evt.0.default.>' });
    const left = Object.keys((state as { subjects: object }).subjects).map((subject) =>
      subject.split('.').slice(3).join('.'),
    );
    expect(left.toSorted()).toEqual(['bulk', 'other', 'shop.2', 'user.bob']);

    const third = start('services/edge');
    edges.push(third);
    for (const url of [...edgeUrls, (await third.listening()).url]) {
      const everything = ['kept 1', 'kept 2', 'kept 3'];
      expect(await history(url, 'shop.*')).toEqual(['kept 1', 'kept 3']);
      expect(await history(url, 'user.%3E')).toEqual(['kept 2']);
      for (const texts of Object.values(await readEverywhere(url, ['shop.*', 'user.%3E'], origin))) {
        expect(texts.toSorted()).toEqual(everything);
      }
      expect(await replayed(url, 'topic=shop.*&topic=user.%3E', erasedCursor)).toEqual(['kept 2', 'kept 3']);
      expect(await replayed(url, 'topic=shop.*&topic=user.%3E&replay=last')).toEqual(['kept 2', 'kept 3']);
      for (const texts of Object.values(await readEverywhere(url, ['shop.1', 'user.ann', 'user.ann.cart'], origin))) {
        expect(texts).toEqual([]);
      }
      expect(await replayed(url, 'topic=shop.1&topic=user.ann&replay=last')).toEqual([]);
      // A finite topic whose final event is gone has not begun.
      expect(await replayed(url, 'topic=shop.2&until=final')).toEqual(['kept 1', 'kept 3']);
      expect(await replayed(url, 'topic=shop.1&until=final')).toEqual([]);
    }

    await publish('shop.1', 'afterwards');
    for (const stream of open) {
      await stream.until(() => textsOf(stream).length === 9);
      expect(textsOf(stream).at(-1)).toBe('afterwards');
    }
    // These had the first markers before they stopped reading; what was to come is not there any more.
    for (const stream of slow) {
      stream.resume();
      await stream.until(() => textsOf(stream).at(-1) === 'afterwards', 20_000);
      const texts = textsOf(stream).filter((text) => text !== BULK);
      const before = [`${MARKER} 1`, `${MARKER} 2`, `${MARKER} 3`];
      expect(texts).toEqual(['kept 1', ...before, 'kept 2', 'kept 3', 'afterwards']);
      expect(textsOf(stream).length - texts.length).toBe(BULK_EVENTS);
      expect(stream.text).not.toContain('hub.gap');
    }
    for (const stream of [...open, ...slow]) expect(stream.ended).toBe(false);
  });

  test('an edge that is frozen makes it 503; repeated once it is back it is 204, and nothing is left there', async () => {
    const origin = await publish('vault.2', 'kept');
    await publish('vault.1', `${MARKER} 6`);
    const [frozen] = edges as [ServiceProcess];
    const url = edgeUrls[0] as string;
    await expect.poll(() => history(url, 'vault.1')).toHaveLength(1);
    frozen.signal('SIGSTOP');
    const refused = await erase('topics/vault.1').finally(() => frozen.signal('SIGCONT'));
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'unavailable' });
    expect((await erase('topics/vault.1')).status).toBe(204);
    for (const each of edgeUrls) {
      for (const texts of Object.values(await readEverywhere(each, ['vault.*'], origin))) {
        expect(texts.filter((text) => text !== 'kept')).toEqual([]);
      }
      expect(await history(each, 'vault.%3E')).toEqual(['kept']);
    }
  });
});
