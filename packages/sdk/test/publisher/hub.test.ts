import { createServer, type Server } from 'node:net';
import { createContext, runInContext } from 'node:vm';
import type { Hub } from '@tidings/hub';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type CuttingProxy, createCuttingProxy } from '../../../../test/cutting-proxy.ts';
import { createPublisher, type Publisher } from '../../src/publisher/index.ts';
import { mint, readStored, startTestHub } from './fixture.ts';

let hub: Hub;
let publisher: Publisher;

beforeAll(async () => {
  hub = await startTestHub();
  publisher = createPublisher({ url: hub.url, token: await mint() });
});

afterAll(() => hub?.stop());

const dataOf = async (topic: string): Promise<unknown[]> => (await readStored(hub, topic)).map(({ data }) => data);

describe('a publisher and a hub', () => {
  it('any JSON value and any text arrive as they are, under the cursor that the publisher is told', async () => {
    const values = [
      { state: 'shipped' },
      [1, 'two', null],
      null,
      true,
      0.5,
      'a text',
      '',
      '{"not":"parsed"}',
      'two\nlines',
      '😀\u2028',
    ];
    const cursors: (string | undefined)[] = [];
    for (const value of values)
      cursors.push((await publisher.publish('values', value, { event: 'value', ttl: 60 })).id);
    const stored = await readStored(hub, 'values');
    expect(stored.map(({ data }) => data)).toEqual(values);
    expect(stored.map(({ id }) => id)).toEqual(cursors);
    expect(stored.every(({ event }) => event === 'value')).toBe(true);
  });

  it('an event for a user goes to the topic of that user; one that is not stored has no cursor', async () => {
    expect(await publisher.publishToUser('a.b', 1)).toMatchObject({ topic: 'user.a%2Eb', duplicate: false });
    expect(await publisher.publish('live', 1, { store: false })).toEqual({
      topic: 'live',
      id: undefined,
      duplicate: false,
    });
  });

  it('an event with at or delay is scheduled, and the publisher is told under which id and for when', async () => {
    const at = new Date(Date.now() + 86_400_000);
    const one = await publisher.publish('later', 1, { at, id: 'k' });
    expect(one).toEqual({
      topic: 'later',
      id: undefined,
      duplicate: false,
      schedule: { id: expect.any(String), at: at.toISOString() },
    });
    expect(await publisher.publish('later', 1, { delay: 60, id: 'k' })).toEqual({ ...one, duplicate: true });
    const [result] = await publisher.publishMany([{ topic: 'later', data: 2, delay: 1 }]);
    expect(result).toMatchObject({ status: 'accepted', schedule: { id: expect.any(String) } });
    await expect.poll(() => dataOf('later'), { timeout: 5_000 }).toEqual([2]);
  });

  it('an id that is given again is a duplicate, of the event that was first', async () => {
    const first = await publisher.publish('orders.1', 'first', { id: 'one' });
    expect(await publisher.publish('orders.1', 'second', { id: 'one' })).toEqual({ ...first, duplicate: true });
    expect(await dataOf('orders.1')).toEqual(['first']);
  });

  it('a refusal has the code, the detail and the pointer of the server', async () => {
    await expect(publisher.publish('orders.*', 1)).rejects.toMatchObject({
      name: 'HubError',
      code: 'invalid-topic',
      status: 422,
      message: expect.stringContaining('illegal token'),
      problem: { pointer: '/topic' },
    });
    await expect(publisher.publish('a', 1, { evnt: 'typo' } as object)).rejects.toMatchObject({
      code: 'unknown-field',
    });
  });

  it('many events that are refused in part: each has its own fate, and the others are stored in order', async () => {
    const limited = createPublisher({ url: hub.url, token: await mint(['many.>']) });
    const events = Array.from({ length: 1_200 }, (_, place) => ({ topic: 'many.a', data: place }));
    const results = await limited.publishMany([
      ...events,
      { topics: ['many.b', 'elsewhere', 'many.c'], data: 'fan-out' },
      { topic: 'many..x', data: 0 },
      { user: 'alice', data: 0 },
      { topic: 'many.a', data: 'x'.repeat(300_000) },
      { topic: 'many.a', data: 'last' },
    ]);
    expect(results.slice(0, 1_200).every(({ status }) => status === 'accepted')).toBe(true);
    expect(results.slice(1_200)).toMatchObject([
      { index: 1_200, status: 'accepted', topic: 'many.b' },
      { index: 1_200, status: 'failed', topic: 'elsewhere', error: { code: 'forbidden', status: 403 } },
      { index: 1_200, status: 'accepted', topic: 'many.c' },
      { index: 1_201, status: 'failed', error: { code: 'invalid-topic' } },
      { index: 1_202, status: 'failed', topic: 'user.alice', error: { code: 'forbidden' } },
      { index: 1_203, status: 'failed', error: { code: 'event-too-large', status: 413 } },
      { index: 1_204, status: 'accepted', topic: 'many.a' },
    ]);
    expect(await dataOf('many.a')).toEqual([...events.map(({ data }) => data), 'last']);
  });

  it('a token that the hub refuses is asked for once more, then it is final', async () => {
    const tokens = ['not.a.token', await mint(['orders.>'])];
    const renewing = createPublisher({ url: hub.url, token: () => tokens.shift() ?? 'none' });
    expect(await renewing.publish('orders.2', 1)).toMatchObject({ topic: 'orders.2' });
    expect(tokens).toEqual([]);
    const refused = createPublisher({ url: hub.url, token: () => 'not.a.token' });
    await expect(refused.publish('orders.2', 2)).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
  });

  it('who reads a finite topic to its end gets what was piped, then the end, and the stream closes', async () => {
    async function* tokens(): AsyncGenerator<string> {
      for (const token of ['Once', ' upon', ' a', ' time']) yield token;
    }
    const url = `${hub.url}/v1/stream?topic=chat.1&until=final&access_token=${await mint()}`;
    const read = fetch(url).then((answer) => answer.text());
    const { id } = await publisher.pipe('chat.1', tokens());
    const text = await read;
    expect([...text.matchAll(/\n\nid: .*\ndata: (.*)(?=\n\n)/g)].map(([, data]) => data)).toEqual([
      'Once',
      ' upon',
      ' a',
      ' time',
    ]);
    expect(text).toContain(`event: end\nid: ${id}\ndata: null\n`);
  });

  it('it needs nothing that only Node has: bundled, it runs with the globals of the web alone', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: "export { createPublisher } from './src/publisher/index.ts'",
        resolveDir: `${import.meta.dirname}/../..`,
      },
      conditions: ['@tidings/source'],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'sdk',
      platform: 'neutral',
    });
    const web = {
      AbortController,
      atob,
      clearTimeout,
      crypto,
      fetch,
      Headers,
      performance,
      setTimeout,
      TextEncoder,
      URL,
    };
    const context = createContext({ ...web, options: { url: hub.url, token: await mint() } });
    runInContext(outputFiles[0]?.text as string, context);
    const published = await runInContext("sdk.createPublisher(options).publish('web', { of: 'vm' })", context);
    expect(published).toMatchObject({ topic: 'web', duplicate: false });
    await runInContext(
      "(() => { const s = sdk.createPublisher({ ...options, token: () => options.token }).stream('web'); s.write('a'); return s.end(); })()",
      context,
    );
    expect(await dataOf('web')).toEqual([{ of: 'vm' }, 'a', null]);
  });
});

describe('a connection that breaks once the event is stored', () => {
  const numbers = Array.from({ length: 300 }, (_, place) => place);

  async function startCut(cutAfterBytes: readonly number[]): Promise<{ cut: Publisher; proxy: CuttingProxy }> {
    const proxy = await createCuttingProxy(Number(new URL(hub.url).port), cutAfterBytes);
    onTestFinished(() => proxy.close());
    return { proxy, cut: createPublisher({ url: `http://127.0.0.1:${proxy.port}`, token: await mint() }) };
  }

  it('an event is stored once, and many are, whatever came of the answer', async () => {
    const { cut, proxy } = await startCut([0, 40]);
    expect(await cut.publish('cut.one', 1)).toMatchObject({ duplicate: true });
    expect(proxy.cuts).toBe(2);
    expect(await dataOf('cut.one')).toEqual([1]);
    const other = await startCut([0, 1_500]);
    const results = await other.cut.publishMany(numbers.map((data) => ({ topic: 'cut.many', data })));
    expect(results.every(({ status }) => status === 'duplicate')).toBe(true);
    expect(other.proxy.cuts).toBe(2);
    expect(await dataOf('cut.many')).toEqual(numbers);
  });

  it('a stream is stored once, in order', async () => {
    const { cut, proxy } = await startCut([0, 2_000, 300, 3_000, 1_000]);
    const stream = cut.stream('cut.stream', { maxWaitingEvents: 20 });
    for (const number of numbers) await stream.write(number);
    await stream.end();
    expect(proxy.cuts).toBe(5);
    expect(await dataOf('cut.stream')).toEqual([...numbers, null]);
  });
});

describe('a server that is none of ours', () => {
  /** Says the same to everybody, or nothing. */
  async function startServer(words = ''): Promise<{ url: string; server: Server; closed: Promise<void> }> {
    let close = (): void => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    const server = createServer((socket) => {
      socket.on('error', () => {}).on('close', close);
      socket.on('data', () => void socket.write(words));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, server, closed };
  }

  it('and does not answer is left after the time of a request, and its connection is closed', async () => {
    const { url, closed } = await startServer();
    const impatient = createPublisher({ url, token: await mint(), timeoutMs: 50 });
    await expect(impatient.publish('a', 1)).rejects.toMatchObject({ name: 'HubError', code: 'timeout' });
    await closed;
  });

  it('and does not answer is left when the signal says so', async () => {
    const { url, server, closed } = await startServer();
    const controller = new AbortController();
    const publishing = createPublisher({ url, token: await mint() }).publish('a', 1, { signal: controller.signal });
    server.once('connection', () => controller.abort());
    await expect(publishing).rejects.toThrow(DOMException);
    await closed;
  });

  it('and sends elsewhere is not followed', async () => {
    const { url } = await startServer(`HTTP/1.1 307 No\r\nLocation: ${hub.url}/v1/events\r\nContent-Length: 0\r\n\r\n`);
    const led = createPublisher({ url, token: await mint() });
    await expect(led.publish('led', 1)).rejects.toMatchObject({ code: 'answer', status: 307 });
    expect(await dataOf('led')).toEqual([]);
  });

  it('and is not there is a `network` error', async () => {
    const { url, server } = await startServer();
    await new Promise((resolve) => server.close(resolve));
    const lonely = createPublisher({ url, token: await mint(), timeoutMs: 120 });
    await expect(lonely.publish('a', 1)).rejects.toMatchObject({ code: 'network' });
  });
});
