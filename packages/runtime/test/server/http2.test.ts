import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readBody } from '../../src/request-body.ts';
import { PROBE_MS } from '../../src/server/http2-probe.ts';
import { MAX_STREAMS } from '../../src/server/http2-server.ts';
import { LAST_WORD_MS } from '../../src/server/http2-sessions.ts';
import type { ServiceApp } from '../../src/service-app.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  PREFACE,
  toBlock,
  toFrame,
  toGet,
  toRequest,
  toSettings,
} from '../../src/testing/http2-frame.ts';
import { createFakeClock, type FakeClock, sendRaw, watchForLeaks } from '../../src/testing/index.ts';
import { startApp, type TestApp } from '../fixture.ts';
import { type FrameConnection, openFrames } from './http2-frames.ts';

const ACK = 0x1;
const INITIAL_WINDOW_SIZE = 0x4;
const REFUSED_STREAM = 0x7;
const PROTOCOL_ERROR = 0x1;

interface Victim {
  readonly app: TestApp;
  /** Requests that reached the application. */
  readonly asked: string[];
  /** A connection that was there before the attack goes on being answered, and so does one that comes now. */
  expectService(): Promise<void>;
  readonly clock: FakeClock;
  /** The first connection gives its sign of life. */
  answerPing(): Promise<void>;
  /** Closes what a test opened; nothing is left of it, and nothing was logged as an error. */
  expectNothingLeft(...connections: FrameConnection[]): Promise<void>;
}

async function startVictim(): Promise<Victim> {
  const asked: string[] = [];
  const clock = createFakeClock();
  const addRoutes = (routes: ServiceApp): void => {
    routes.get('/never', () => {
      asked.push('/never');
      return new Promise(() => {});
    });
    routes.get('/big', (context) => context.body('x'.repeat(5_000_000)));
    routes.get('/small', (context) => {
      asked.push('/small');
      return context.text('small');
    });
    routes.get('/ticks', (context) => {
      const ticks = setInterval(() => context.env.outgoing.write(':'), 5);
      context.env.outgoing.on('close', () => clearInterval(ticks));
      return RESPONSE_ALREADY_SENT;
    });
  };
  const app = await startApp(addRoutes, { clock });
  const left = watchForLeaks();
  const witness = openFrames(app.port);
  let stream = -1;
  async function expectService(): Promise<void> {
    stream += 2;
    witness.socket.write(toRequest(stream, '/hello'));
    await expect.poll(() => witness.of(FRAME.DATA, stream).map(({ payload }) => `${payload}`)).toContain('hello');
    const get = 'GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    expect((await sendRaw(app.port, get)).status).toBe(200);
  }
  return {
    app,
    asked,
    clock,
    async answerPing() {
      await expect.poll(() => witness.of(FRAME.PING).length).toBe(1);
      witness.socket.write(toFrame(FRAME.PING, ACK, 0, witness.of(FRAME.PING)[0]?.payload));
      await expectService();
    },
    expectService,
    async expectNothingLeft(...connections) {
      for (const { socket } of [...connections, witness]) socket.destroy();
      await expect.poll(() => app.server.sockets.size).toBe(0);
      expect(app.lines.filter(({ level }) => (level as number) >= 40)).toEqual([]);
      await left();
    },
  };
}

const resetsOf = (connection: FrameConnection, code: number): number =>
  connection.of(FRAME.RST_STREAM).filter(({ payload }) => payload.readUInt32BE() === code).length;

const repeat = (count: number, toBytes: (place: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, place) => toBytes(place)));

describe('hardening section 1: HTTP/2 from a client that means harm', () => {
  const half = toGet('/never').subarray(0, 10);
  it.each<readonly [string, () => Buffer]>([
    ['a flood of PING', () => repeat(2_000, () => toFrame(FRAME.PING, 0, 0, Buffer.alloc(8)))],
    ['a flood of SETTINGS', () => repeat(2_000, () => toSettings([INITIAL_WINDOW_SIZE, 65_535]))],
    ['a flood of empty SETTINGS', () => repeat(2_000, () => toSettings())],
    [
      'requests that are reset at once (CVE-2023-44487)',
      () =>
        repeat(1_000, (place) => {
          const reset = toFrame(FRAME.RST_STREAM, 0, 2 * place + 1, Buffer.from([0, 0, 0, 8]));
          return Buffer.concat([toRequest(2 * place + 1, '/never'), reset]);
        }),
    ],
    [
      'a flood of empty CONTINUATION',
      () =>
        Buffer.concat([
          toFrame(FRAME.HEADERS, END_STREAM, 1, half),
          repeat(10_000, () => toFrame(FRAME.CONTINUATION, 0, 1)),
        ]),
    ],
    ['1,000 requests at once', () => repeat(1_000, (place) => toRequest(2 * place + 1, '/never'))],
    [
      'a window beyond all bounds',
      () => repeat(2, () => toFrame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([127, 255, 255, 255]))),
    ],
  ])('%s closes its connection, and another is answered meanwhile', async (_name, toBytes) => {
    const victim = await startVictim();
    await victim.expectService();
    const attacker = openFrames(victim.app.port);
    attacker.socket.write(toBytes());
    await victim.expectService();
    await expect.poll(() => attacker.closed, { timeout: 5_000 }).toBe(true);
    expect(victim.asked.length).toBeLessThanOrEqual(MAX_STREAMS + 600);
    await victim.expectService();
    await victim.expectNothingLeft(attacker);
  });

  it.each<readonly [string, () => Buffer]>([
    [
      'a flood of CONTINUATION',
      () =>
        Buffer.concat([
          toFrame(FRAME.HEADERS, END_STREAM, 1, half),
          repeat(10_000, (place) => toFrame(FRAME.CONTINUATION, 0, 1, toBlock([[`x-${place}`, 'x'.repeat(100)]]))),
        ]),
    ],
    ['a frame larger than it may be', () => toFrame(FRAME.HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(70_000))],
    ['a block that is no HPACK', () => toFrame(FRAME.HEADERS, END_STREAM | END_HEADERS, 1, Buffer.alloc(50, 255))],
    ['a frame for a stream that never was', () => toFrame(FRAME.DATA, 0, 201, Buffer.from('x'))],
  ])('%s gets GOAWAY, and its connection is closed once it gives no sign of life', async (_name, toBytes) => {
    const victim = await startVictim();
    const [attacker, gone] = [openFrames(victim.app.port), openFrames(victim.app.port)];
    // A stream that is written to again and again, so that the connection never idles.
    for (const { socket } of [attacker, gone]) socket.write(Buffer.concat([toRequest(99, '/ticks'), toBytes()]));
    await expect.poll(() => [attacker, gone].map((each) => each.of(FRAME.GOAWAY).length)).toEqual([1, 1]);
    await victim.expectService();
    gone.socket.destroy();
    victim.clock.advance(PROBE_MS);
    await victim.expectService();
    await victim.answerPing();
    expect(victim.app.server.sockets.size).toBeGreaterThan(1);
    victim.clock.advance(PROBE_MS);
    await expect.poll(() => attacker.closed).toBe(true);
    await expect.poll(() => victim.app.server.sockets.size).toBe(1);
    await victim.expectService();
    await victim.expectNothingLeft(attacker);
  });

  it('a client that said goodbye and does not close its side is cut off', async () => {
    const victim = await startVictim();
    const stubborn = openFrames(victim.app.port, undefined, true);
    stubborn.socket.write(toFrame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)));
    await new Promise((resolve) => stubborn.socket.once('end', resolve));
    await victim.expectService();
    victim.clock.advance(LAST_WORD_MS - 1);
    await victim.expectService();
    expect(victim.app.server.sockets.size).toBe(2);
    victim.clock.advance(1);
    await expect.poll(() => victim.app.server.sockets.size).toBe(1);
    await victim.expectNothingLeft(stubborn);
  });

  it('no more than 250 requests of one connection are worked on at a time; those beyond are refused', async () => {
    const victim = await startVictim();
    const greedy = openFrames(victim.app.port);
    greedy.socket.write(repeat(MAX_STREAMS + 50, (place) => toRequest(2 * place + 1, '/never')));
    await expect.poll(() => resetsOf(greedy, REFUSED_STREAM)).toBe(50);
    expect(victim.asked).toHaveLength(MAX_STREAMS);
    expect(greedy.closed).toBe(false);
    await victim.expectService();
    await victim.expectNothingLeft(greedy);
  });

  it.each<readonly [string, () => Buffer]>([
    ['in one field', () => toBlock([['x-large', 'x'.repeat(16_500)]])],
    [
      'in many fields',
      () => toBlock(Array.from({ length: 90 }, (_, place) => [`x-${place}`, 'x'.repeat(190)] as const)),
    ],
    [
      // One entry of the dynamic table, named again and again by its index (RFC 7541 sections 6.2.1 and 6.1).
      'by a small block that unfolds to them',
      () =>
        Buffer.concat([Buffer.from([0x40]), toBlock([['x', 'y'.repeat(3_000)]]).subarray(1), Buffer.alloc(90, 0xbe)]),
    ],
  ])('headers of more than 16 KB %s reach nobody', async (_name, toMore) => {
    const victim = await startVictim();
    const large = openFrames(victim.app.port);
    const block = Buffer.concat([toGet('/small'), toMore()]);
    large.socket.write(
      Buffer.concat([
        toFrame(FRAME.HEADERS, END_STREAM, 1, block.subarray(0, 16_000)),
        toFrame(FRAME.CONTINUATION, END_HEADERS, 1, block.subarray(16_000)),
      ]),
    );
    const refused = (): boolean => large.of(FRAME.HEADERS, 1).length > 0 || large.of(FRAME.RST_STREAM, 1).length > 0;
    await expect.poll(refused).toBe(true);
    expect(victim.asked).toEqual([]);
    await victim.expectService();
    await victim.expectNothingLeft(large);
  });

  it('a name in upper case makes the request malformed (RFC 9113 section 8.2.1)', async () => {
    const victim = await startVictim();
    const shouting = openFrames(victim.app.port);
    shouting.socket.write(toRequest(1, '/small', ['X-Shout', '1']));
    await expect.poll(() => resetsOf(shouting, PROTOCOL_ERROR)).toBe(1);
    expect(victim.asked).toEqual([]);
    shouting.socket.write(toRequest(3, '/small'));
    await expect.poll(() => shouting.of(FRAME.DATA, 3).map(({ payload }) => `${payload}`)).toContain('small');
    await victim.expectNothingLeft(shouting);
  });

  it('a client whose window is 0 gets the head of a large answer and no more, and holds nobody up', async () => {
    const victim = await startVictim();
    const stuck = openFrames(victim.app.port, Buffer.concat([PREFACE, toSettings([INITIAL_WINDOW_SIZE, 0])]));
    stuck.socket.write(toRequest(1, '/big'));
    await expect.poll(() => stuck.of(FRAME.HEADERS, 1).length).toBe(1);
    await victim.expectService();
    expect(stuck.of(FRAME.DATA, 1)).toEqual([]);
    // It asks for some: it gets exactly that.
    stuck.socket.write(toFrame(FRAME.WINDOW_UPDATE, 0, 1, Buffer.from([0, 0, 0x03, 0xe8])));
    const got = (): number => stuck.of(FRAME.DATA, 1).reduce((sum, { payload }) => sum + payload.length, 0);
    await expect.poll(got).toBe(1_000);
    await victim.expectService();
    expect(got()).toBe(1_000);
    await victim.expectNothingLeft(stuck);
  });

  it('a client that reads nothing at all is cut off, whatever it was still to be sent', async () => {
    const victim = await startVictim();
    const wide = toSettings([INITIAL_WINDOW_SIZE, 2 ** 31 - 1]);
    const deaf = openFrames(victim.app.port, Buffer.concat([PREFACE, wide]));
    deaf.socket.write(toFrame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 0, 0, 0])));
    deaf.socket.write(repeat(10, (place) => toRequest(2 * place + 1, '/big')));
    await expect.poll(() => deaf.of(FRAME.HEADERS, 1).length).toBe(1);
    deaf.socket.pause();
    await victim.expectService();
    victim.clock.advance(PROBE_MS);
    await victim.expectService();
    await victim.answerPing();
    victim.clock.advance(PROBE_MS);
    await victim.expectService();
    victim.clock.advance(LAST_WORD_MS);
    await expect.poll(() => victim.app.server.sockets.size).toBe(1);
    deaf.socket.resume();
    await victim.expectNothingLeft(deaf);
  });

  it('frames of unknown types are read past (RFC 9113 section 5.5)', async () => {
    const victim = await startVictim();
    const odd = openFrames(victim.app.port);
    odd.socket.write(repeat(100, (place) => toFrame(0x20 + place, 0xff, place, Buffer.alloc(place))));
    odd.socket.write(toRequest(1, '/small'));
    await expect.poll(() => odd.of(FRAME.DATA, 1).map(({ payload }) => `${payload}`)).toContain('small');
    await victim.expectNothingLeft(odd);
  });

  it('half a preface and then silence is no request, and harms nobody', async () => {
    const victim = await startVictim();
    const silent = openFrames(victim.app.port, PREFACE.subarray(0, 12));
    await expect.poll(() => victim.app.server.sockets.size).toBe(2);
    await victim.expectService();
    expect(silent.closed).toBe(false);
    expect(silent.frames()).toEqual([]);
    silent.socket.end();
    await expect.poll(() => silent.closed).toBe(true);
    await victim.expectNothingLeft();
  });

  it('a preface with one wrong byte is a broken request of HTTP/1', async () => {
    const victim = await startVictim();
    const answer = await sendRaw(victim.app.port, 'PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n', () => false);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json']);
    await victim.expectService();
    await victim.expectNothingLeft();
  });

  it('bytes behind the preface that are no frames close the connection', async () => {
    const victim = await startVictim();
    const lost = openFrames(
      victim.app.port,
      Buffer.concat([PREFACE, Buffer.from('GET /small HTTP/1.1\r\nHost: x\r\n\r\n')]),
    );
    await expect.poll(() => lost.closed).toBe(true);
    expect(victim.asked).toEqual([]);
    await victim.expectNothingLeft(lost);
  });
});

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(port: number, headers: OutgoingHttpHeaders, body?: string): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => session.destroy());
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  let text = '';
  stream.on('data', (bytes) => {
    text += bytes;
  });
  const answered = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once('error', reject);
    stream.once('response', (head) => stream.once('close', () => resolve(head)));
  });
  session.close();
  return { headers: answered, text };
}

describe('HTTP/2', () => {
  async function startReader(): Promise<TestApp> {
    return startApp((routes) =>
      routes.post('/body', async (context) => {
        const { incoming, outgoing } = context.env;
        return context.text(`${(await readBody(incoming, outgoing, 100)).length}`);
      }),
    );
  }

  it('section 4: no answer of any kind has a Connection or Transfer-Encoding header, or makes Node warn of one', async () => {
    const warnings: string[] = [];
    const warn = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const { port } = await startReader();
    const given: readonly (readonly [OutgoingHttpHeaders, string | undefined, number])[] = [
      [{ ':path': '/hello' }, undefined, 200],
      [{ ':path': '/hello', ':method': 'HEAD' }, undefined, 200],
      [{ ':path': '/hello', ':method': 'OPTIONS' }, undefined, 204],
      [{ ':path': '/hello', ':method': 'PUT' }, 'x', 405],
      [{ ':path': '/hello', ':method': 'TRACE' }, undefined, 405],
      [{ ':path': '/nowhere' }, undefined, 404],
      [{ ':path': '/fails' }, undefined, 500],
      [{ ':path': '/refuses' }, undefined, 503],
      [{ ':path': '/body', ':method': 'POST' }, 'x'.repeat(101), 413],
      [{ ':path': '/body', ':method': 'POST', 'content-length': '1000000' }, 'x'.repeat(1_000_000), 413],
      [{ ':path': '/body', ':method': 'POST', 'content-encoding': 'gzip' }, 'x', 415],
    ];
    for (const [asked, body, status] of given) {
      const { headers } = await ask(port, asked, body);
      expect(headers[':status'], JSON.stringify(asked)).toBe(status);
      expect(headers).not.toHaveProperty('connection');
      expect(headers).not.toHaveProperty('transfer-encoding');
      expect(headers).not.toHaveProperty('keep-alive');
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  it('a body over the limit is 413 at once, and the next request of its connection is answered', async () => {
    const { port } = await startReader();
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const statusOf = (headers: OutgoingHttpHeaders, body: string, end: boolean): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': 'POST', ':path': '/body', ...headers }, { endStream: false });
        stream.on('error', reject);
        stream.on('response', (head) => resolve(head[':status']));
        if (end) stream.end(body);
        else stream.write(body);
        stream.resume();
      });
    expect(await statusOf({}, 'x'.repeat(101), false)).toBe(413);
    expect(await statusOf({ 'content-length': '101' }, 'x', false)).toBe(413);
    expect(await statusOf({}, 'x'.repeat(100), true)).toBe(200);
  });

  it('a client that leaves in the middle of its body is logged, and is no error', async () => {
    const { port, lines } = await startReader();
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/body' }, { endStream: false });
    stream.on('error', () => {});
    await new Promise((resolve) => stream.write('abc', resolve));
    session.destroy();
    await expect.poll(() => lines.find(({ msg }) => msg === 'request')?.status).toBe(499);
    expect(lines.filter(({ level }) => (level as number) >= 40)).toEqual([]);
  });

  it('trailers of a request are read and dropped', async () => {
    const { port } = await startReader();
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request(
      { ':method': 'POST', ':path': '/body' },
      { endStream: false, waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 't' }));
    stream.end('abc');
    let text = '';
    stream.on('data', (bytes) => {
      text += bytes;
    });
    await new Promise((resolve) => stream.once('close', resolve));
    expect(text).toBe('3');
  });

  it('section 9: a server that ends may find a connection that is done, and only waits for its client to close it', async () => {
    const { port, server } = await startApp();
    const done = openFrames(port, undefined, true);
    done.socket.write(toFrame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8)));
    await new Promise((resolve) => done.socket.once('end', resolve));
    expect(server.sockets.size).toBe(1);
    server.drain();
    await server.close(0);
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});
