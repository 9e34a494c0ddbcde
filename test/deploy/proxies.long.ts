import { createServer, type Server, type Socket } from 'node:net';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ADDRESSES, EDGES, type EdgeName, type ProxiedSite, startProxiedSite } from './proxied-site.ts';
import { createVisitor, follow, type Visitor } from './proxied-streams.ts';
import { type ProxyName, type ProxyProcess, startProxy } from './proxy-process.ts';

// The files of deploy/proxies, each before two edges and an ingest. All of them are asked the same:
// docs/decisions/0026-proxies-are-held-to-what-they-do.md.
const NAMES: readonly ProxyName[] = ['nginx', 'haproxy', 'caddy', 'envoy'];
const SOON = { timeout: 10_000, interval: 20 };
/** As the edges have it: the longest there is, so that a proxy that bears it bears all. */
const HEARTBEAT_MS = 60_000;
const AT_ONCE_MS = 1_000;

let site: ProxiedSite;
const proxies = new Map<ProxyName, ProxyProcess>();

beforeAll(async () => {
  site = await startProxiedSite({ TIDINGS_HEARTBEAT_MS: `${HEARTBEAT_MS}`, TIDINGS_DRAIN_MS: '4000' });
  await Promise.all(NAMES.map(async (name) => proxies.set(name, await startProxy(name, site))));
}, 120_000);
afterAll(async () => {
  await Promise.all([...proxies.values()].map((proxy) => proxy.stop()));
  await site?.stop();
});

let topics = 0;
const newTopic = (): string => {
  topics += 1;
  return `proxied.${topics}`;
};

async function visit(name: ProxyName): Promise<Visitor> {
  const visitor = await createVisitor((proxies.get(name) as ProxyProcess).url, site);
  onTestFinished(() => visitor.close());
  return visitor;
}

async function openStreams(): Promise<number> {
  const counts = await Promise.all(EDGES.map(site.streamsOf));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** An edge that was ended is there again for the next test, and every proxy knows it. */
async function bringBack(edge: EdgeName): Promise<void> {
  await site.restart(edge);
  await bringAllBack();
}

async function bringAllBack(): Promise<void> {
  for (const proxy of proxies.values()) {
    const visitor = await createVisitor(proxy.url, site);
    await visitor.openOnEach(`topic=${newTopic()}`).finally(() => visitor.close());
  }
}

describe.each(NAMES)('%s, as deploy/proxies configures it,', { timeout: 120_000 }, (name) => {
  test('offers h2, over which one connection has many streams, spread over both edges; each gets what is published', async () => {
    const visitor = await visit(name);
    const connection = await visitor.connect();
    expect(connection.protocol).toBe('h2');
    const topic = newTopic();
    const streams = await Promise.all(
      Array.from({ length: 150 }, () => visitor.open(`topic=${topic}`, {}, connection)),
    );
    const counts = EDGES.map((edge) => streams.filter((stream) => stream.edge === edge).length);
    expect(Math.min(...counts), `spread as ${counts}`).toBeGreaterThan(30);
    await visitor.publish(topic, 'to all');
    await Promise.all(streams.map(({ client }) => client.until(() => client.published().length === 1)));
  });

  test('holds as many streams as are opened: the limits of its own are high enough', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const open = async (): Promise<unknown> => {
      const connection = await visitor.connect();
      return Promise.all(
        Array.from({ length: 200 }, async () => {
          const { client } = await visitor.open(`topic=${topic}`, {}, connection);
          await client.until(() => client.published().length === 1, 60_000);
        }),
      );
    };
    const all = Promise.all(Array.from({ length: 6 }, open));
    // Told below, where it is waited for.
    all.catch(() => {});
    await expect.poll(openStreams, { timeout: 60_000, interval: 100 }).toBe(1_200);
    await visitor.publish(topic, 'to all');
    await all;
  });

  test('passes small events on at once, one by one, and does not compress them', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const { client } = await visitor.open(`topic=${topic}`);
    expect(client.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8' });
    expect(client.headers['content-encoding']).toBeUndefined();
    expect(client.headers['cache-control']).toContain('no-transform');
    for (let place = 1; place <= 10; place += 1) {
      await visitor.publish(topic, `${place}`);
      await client.until(() => client.published().length === place, AT_ONCE_MS);
    }
  });

  test('passes the bytes of an edge on as they are', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const body = 'first\r\nsecond\n\n: no comment\nid: none\n\u{1F4E8} \u2028 end';
    const path = `/v1/topics/${topic}/events?event=named%20event`;
    expect((await visitor.ask('POST', path, body)).status).toBe(202);
    await visitor.ask('POST', path, '');
    const direct = await fetch(`${site.urlOf('edge-1')}/v1/stream?topic=${topic}&replay=all`, {
      headers: { authorization: `Bearer ${await site.token()}` },
    });
    const published = (text: string): string | undefined =>
      /event: named event.*?(?=event: hub\.live)/s.exec(text)?.[0];
    let sent = '';
    for await (const bytes of direct.body ?? []) {
      sent += Buffer.from(bytes).toString();
      if (published(sent) !== undefined) break;
    }
    const { client } = await visitor.open(`topic=${topic}&replay=all`);
    expect(published(client.text)).toBe(published(sent));
    expect(published(sent)).toContain('\u{1F4E8} \u2028 end\n\n');
  });

  test('sends what writes events to the ingest and all else to the edges, errors and all', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const json = { 'content-type': 'application/json' };
    const status = async (...asked: Parameters<Visitor['ask']>): Promise<number> =>
      (await visitor.ask(...asked)).status;
    expect(await status('POST', '/v1/events', JSON.stringify({ topic, data: 1 }), json)).toBe(202);
    expect(await status('POST', `/v1/topics/${topic}/events`, 'two')).toBe(202);
    expect(await status('POST', '/v1/users/bob/events', 'three')).toBe(202);
    // A token may hold a slash.
    expect(await status('POST', `/v1/topics/${topic}.a%2Fb/events`, 'four')).toBe(202);
    expect(JSON.parse((await visitor.ask('GET', `/v1/topics/${topic}.a%2Fb/events`)).text).events).toHaveLength(1);
    expect(JSON.parse((await visitor.ask('GET', `/v1/topics/${topic}/events`)).text).events).toHaveLength(2);
    expect(await status('GET', `/v1/topics/${topic}/presence`)).toBe(200);
    expect(await status('GET', '/v1/position')).toBe(200);
    expect(await status('POST', '/v1/tickets')).toBe(201);
    expect(await status('POST', '/v1/revocations', JSON.stringify({ jti: 'none' }), json)).toBe(204);
    expect(await status('DELETE', `/v1/topics/${topic}/events`)).toBe(204);
    expect(await status('DELETE', '/v1/users/bob/events')).toBe(204);
    expect(JSON.parse((await visitor.ask('GET', `/v1/topics/${topic}/events`)).text).events).toHaveLength(0);
    // Its own origin is the one by which the client knows it.
    const url = proxies.get(name)?.url as string;
    const cookie = { cookie: `tidings=${await site.token()}`, origin: url };
    const page = await visitor.connect();
    const asPage = async (headers: Record<string, string>): Promise<number> =>
      (await page.ask('/v1/tickets', { method: 'POST', headers })).status;
    expect(await asPage(cookie)).toBe(201);
    expect(await asPage({ ...cookie, origin: 'https://elsewhere.example' })).toBe(403);
    const tooLarge = JSON.stringify({ topic, data: 'x'.repeat(1_300_000) });
    const refused = await visitor.ask('POST', '/v1/events', tooLarge, json);
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([413, 'event-too-large']);
  });

  test('passes what is asked of a session on to whichever edge, which finds it', async () => {
    const visitor = await visit(name);
    const [topic, added] = [newTopic(), newTopic()];
    for (const { client } of Object.values(await visitor.openOnEach(`topic=${topic}`))) {
      const path = `/v1/sessions/${client.headers['tidings-session']}`;
      const change = await visitor.ask('PATCH', path, JSON.stringify({ add: [added] }), {
        'content-type': 'application/json',
      });
      expect([change.status, JSON.parse(change.text).topics]).toEqual([200, [topic, added]]);
      expect((await visitor.ask('DELETE', path)).status).toBe(204);
      expect(JSON.parse((await client.event('hub.bye')).data).reason).toBe('kicked');
      await client.end();
    }
    const posted = await visitor.connect();
    const answer = await posted.ask('/v1/stream', {
      method: 'POST',
      headers: { authorization: `Bearer ${await site.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ topic: ['a..b'] }),
    });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([422, 'invalid-topic']);
  });

  test('lets an edge see the address of a client, whatever the client says of itself', async () => {
    const visitor = await visit(name);
    const connection = await visitor.connect('127.0.0.21');
    const path = `/v1/position?none=${newTopic()}`;
    await connection.ask(path, { headers: { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=198.51.100.8' } });
    const lines = (): unknown[] =>
      EDGES.flatMap(site.requests)
        .filter(({ url }) => url === path)
        .map(({ address }) => address);
    await expect.poll(lines, SOON).toEqual(['127.0.0.21']);
  });

  test('tells the edge at once when a client leaves, be it one stream or the whole connection', async () => {
    const visitor = await visit(name);
    await expect.poll(openStreams, SOON).toBe(0);
    const connection = await visitor.connect();
    const topic = newTopic();
    const streams = await Promise.all(Array.from({ length: 20 }, () => visitor.open(`topic=${topic}`, {}, connection)));
    expect(await openStreams()).toBe(20);
    for (const { client } of streams.slice(0, 5)) client.destroy();
    await expect.poll(openStreams, { timeout: 2_000, interval: 20 }).toBe(15);
    connection.close();
    await expect.poll(openStreams, { timeout: 2_000, interval: 20 }).toBe(0);
  });

  test('leads clients to the other edge when theirs is killed: every event arrives once and in order', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const native: string[] = [];
    const connection = await visitor.connect();
    const source = new EventSource(
      `${proxies.get(name)?.url}/v1/stream?topic=${topic}&access_token=${await site.token()}`,
      {
        fetch: connection.fetch as typeof fetch,
      },
    );
    onTestFinished(() => source.close());
    source.onmessage = ({ data }) => native.push(data);
    const followers = Array.from({ length: 6 }, () => follow(visitor, site, topic));
    await expect.poll(() => followers.map(({ edges }) => edges.length), SOON).toEqual(Array(6).fill(1));
    await expect.poll(() => source.readyState, SOON).toBe(EventSource.OPEN);
    const sent: string[] = [];
    const publish = async (count: number): Promise<void> => {
      for (let place = 0; place < count; place += 1) {
        sent.push(`${sent.length}`);
        await visitor.publish(topic, sent.at(-1) as string);
      }
    };
    await publish(20);
    await site.kill('edge-1');
    onTestFinished(() => bringBack('edge-1'));
    // A GET is tried at the other one: nobody sees a 502.
    const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.ask('GET', '/v1/position')));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    await publish(50);
    for (const follower of followers) await expect.poll(() => follower.got, SOON).toEqual(sent);
    await expect.poll(() => native, SOON).toEqual(sent);
    for (const follower of followers) {
      expect(follower.edges.at(-1)).toBe('edge-2');
      expect(follower.refusals).toEqual([]);
      follower.stop();
    }
    expect(followers.some(({ edges }) => edges[0] === 'edge-1')).toBe(true);
  });

  test('sends no new stream to an edge that drains, while its open ones go on until they are told to leave', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const authorization = `Bearer ${await site.token()}`;
    const followers = Array.from({ length: 100 }, () => follow(visitor, site, topic));
    await expect.poll(() => followers.every(({ edges }) => edges.length === 1), SOON).toBe(true);
    const moving = followers.filter(({ edges }) => edges[0] === 'edge-1');
    expect(moving.length).toBeGreaterThan(30);
    site.drain('edge-1');
    onTestFinished(() => bringBack('edge-1'));
    await expect.poll(() => site.readiness('edge-1'), SOON).toBe(503);
    const sent: string[] = [];
    const connection = await visitor.connect();
    const refusedMs: number[] = [];
    const start = performance.now();
    while (moving.some(({ edges }) => edges.length < 2)) {
      sent.push(`${sent.length}`);
      await visitor.publish(topic, sent.at(-1) as string);
      // New clients, one of them an EventSource of a browser.
      for (const query of ['client=test/1&', '']) {
        const client = await connection.stream(`${query}topic=${topic}`, {
          authorization,
          accept: 'text/event-stream',
        });
        await client.until(({ events, ended }) => ended || events.length > 0);
        if (client.events[0]?.event !== 'hub.hello') refusedMs.push(performance.now() - start);
        client.destroy();
      }
    }
    expect(sent.length).toBeGreaterThan(2);
    for (const follower of followers) await expect.poll(() => follower.got, SOON).toEqual(sent);
    for (const follower of moving) {
      expect(follower).toMatchObject({ byes: ['draining'], edges: ['edge-1', 'edge-2'], refusals: [] });
    }
    for (const follower of followers) follower.stop();
    // Those that ask for readiness, five times a second, learn of it a moment later.
    const noticedMs = name === 'nginx' ? 0 : 700;
    expect(refusedMs.filter((ms) => ms > noticedMs)).toEqual([]);
  });

  test('passes a 503 on as it is, and sends a POST no second time', async () => {
    const visitor = await visit(name);
    const topic = newTopic();
    const before = site.requests('ingest').length;
    site.nats.freeze();
    const refused = await visitor.ask('POST', `/v1/topics/${topic}/events`, 'later').finally(() => site.nats.thaw());
    expect(refused.status).toBe(503);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'unavailable', status: 503 });
    await expect.poll(() => site.requests('ingest').length, SOON).toBe(before + 1);
    await expect
      .poll(() => visitor.ask('POST', `/v1/topics/${topic}/events`, 'now'), SOON)
      .toMatchObject({ status: 202 });

    // In place of the ingest somebody who takes a request, and goes without a word.
    await site.kill('ingest');
    const taken: string[] = [];
    const server = await listenAs('ingest', (socket) =>
      socket.on('data', (bytes) => {
        const text = bytes.toString('latin1');
        if (text.includes('/v1/events') || text.includes('once')) taken.push(text);
        // The preface of HTTP/2 is answered, or nothing else would come.
        if (text.startsWith('PRI')) socket.write(Buffer.from('000000040000000000', 'hex'));
        if (taken.length > 0) socket.resetAndDestroy();
      }),
    );
    const once = JSON.stringify({ topic, data: 'once' });
    // HAProxy answers by a reset.
    const lost = await visitor
      .ask('POST', '/v1/events', once, { 'content-type': 'application/json' })
      .then(
        ({ status }) => status,
        () => 502,
      )
      .finally(() => new Promise((resolve) => server.close(resolve)))
      .finally(() => site.restart('ingest'));
    expect(lost).toBeGreaterThanOrEqual(502);
    expect(taken).toHaveLength(1);
    await expect
      .poll(() => visitor.ask('POST', `/v1/topics/${topic}/events`, 'now'), SOON)
      .toMatchObject({ status: 202 });
  });

  test('keeps an EventSource alive while no edge is there at all', async () => {
    const visitor = await visit(name);
    await Promise.all(EDGES.map((edge) => site.kill(edge)));
    onTestFinished(async () => {
      for (const edge of EDGES) await site.restart(edge);
      await bringAllBack();
    });
    const connection = await visitor.connect();
    const headers = { authorization: `Bearer ${await site.token()}`, accept: 'text/event-stream' };
    const native = await connection.stream(`topic=${newTopic()}`, headers);
    await native.end();
    expect(native.status).toBe(200);
    expect(native.headers['content-type']).toContain('text/event-stream');
    expect(native.retries).toEqual([5_000]);
    const other = await connection.stream(`client=test/1&topic=${newTopic()}`, headers);
    expect(other.status).toBeOneOf([502, 503]);
  });
});

test('a quiet stream lives through each proxy, whose heartbeats come one by one and on time', {
  timeout: 200_000,
}, async () => {
  await Promise.all(
    NAMES.map(async (name) => {
      const visitor = await visit(name);
      const { client } = await visitor.open(`topic=${newTopic()}`);
      const start = performance.now();
      await client.until(() => client.ended || client.comments.length === 2, HEARTBEAT_MS + 5_000);
      expect(client.ended, `${name} has cut it after ${performance.now() - start} ms`).toBe(false);
      expect(performance.now() - start, name).toBeGreaterThan(HEARTBEAT_MS - 2_000);
      await client.until(() => client.ended || client.comments.length === 3, HEARTBEAT_MS + 5_000);
      expect(client.ended, `${name} has cut it after ${performance.now() - start} ms`).toBe(false);
    }),
  );
});

/** Listens where a service did; closed when the test has ended. */
async function listenAs(name: keyof typeof ADDRESSES, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(site.port, ADDRESSES[name], resolve));
  onTestFinished(() => void server.close());
  return server;
}
