import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { createHttp1Server } from '../../src/server/http1-server.ts';
import { listen } from '../../src/server/listening.ts';
import { sendRaw, watchForLeaks } from '../../src/testing/index.ts';
import { startApp } from '../fixture.ts';

/** A connection that notes what comes. */
function open(port: number, bytes: string): Socket & { text: string } {
  const socket = Object.assign(
    connect(port, '127.0.0.1', () => socket.write(bytes)),
    { text: '' },
  );
  socket.on('data', (piece) => {
    socket.text += piece;
  });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

const GET = 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n';

describe('HTTP/1', () => {
  it('hardening section 1: headers and the whole request have 60 s, idle connections and unread answers 75 s', () => {
    const server = createHttp1Server(() => {}, createLogger('test', 'silent'));
    onTestFinished(() => void server.close());
    expect([server.headersTimeout, server.requestTimeout]).toEqual([60_000, 60_000]);
    expect([server.keepAliveTimeout, server.timeout]).toEqual([75_000, 75_000]);
  });

  it.each([
    ['headers', 'GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a body', 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
  ])(
    'hardening section 1: %s that did not arrive in time are 408, and the connection closes',
    async (_name, request) => {
      const http1 = createHttp1Server((incoming) => incoming.resume(), createLogger('test', 'silent'));
      // Node looks for late requests every five seconds; what it does then is done here at once.
      const server = createServer((socket) => {
        http1.emit('connection', socket);
        socket.once('data', () =>
          setImmediate(() => {
            const late = Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
            http1.emit('clientError', late, socket);
          }),
        );
      });
      onTestFinished(() => {
        http1.close();
        server.close();
      });
      const port = await listen(server, '127.0.0.1', 0);
      const { status, headers, text } = await sendRaw(port, request, () => false);
      expect([status, headers.get('connection')]).toEqual([408, 'close']);
      expect(text).toContain('"code":"request-timeout"');
    },
  );

  it('hardening section 1: 100 headers are served, 101 are 431', async () => {
    const { port } = await startApp();
    const request = (count: number): string =>
      `GET /hello HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(count - 1)}\r\n`;
    expect((await sendRaw(port, request(100), (text) => text.includes('hello'))).status).toBe(200);
    expect((await sendRaw(port, request(101), () => false)).status).toBe(431);
  });

  it('section 4: 16 KB of URL and headers are served, more is 431', async () => {
    const { port } = await startApp();
    const request = (bytes: number): string => {
      const frame = 'GET /hello? HTTP/1.1\r\nHost: x\r\n\r\n';
      return frame.replace('?', `?${'a'.repeat(bytes - frame.length)}`);
    };
    expect((await sendRaw(port, request(16_000), (text) => text.includes('hello'))).status).toBe(200);
    expect((await sendRaw(port, request(17_000), () => false)).status).toBe(431);
  });

  it.each([
    ['/hello', 200],
    ['http://other.example/hello', 200],
    ['HTTP://other.example:99/hello?x=1', 200],
    ['http://other.example', 404],
    ['http://other.example?x=/hello', 404],
    ['//other.example/hello', 404],
    ['*', 404],
    ['hello', 400],
  ])('the target %s is %i', async (target, status) => {
    const { request } = await startApp();
    expect((await request(`GET ${target} HTTP/1.1`)).status).toBe(status);
  });

  it('hardening section 1: HTTP/1.0 is served until close, with and without a host', async () => {
    const { port } = await startApp();
    for (const host of ['Host: x\r\n', '']) {
      const answer = await sendRaw(port, `GET /hello HTTP/1.0\r\n${host}\r\n`, () => false);
      expect([answer.status, answer.headers.get('connection'), answer.body]).toEqual([200, 'close', 'hello']);
    }
  });

  it('a fault in a second request does not take the place of the answer to the first', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = false;
    const { port } = await startApp((routes) =>
      routes.get('/slow', async (context) => {
        asked = true;
        await held;
        return context.text('slow answer');
      }),
    );
    const socket = open(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\nBROKEN\r\n\r\n');
    await expect.poll(() => asked).toBe(true);
    expect(socket.text).toBe('');
    release();
    await expect.poll(() => socket.destroyed).toBe(true);
    expect(socket.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it('a fault in the middle of an answer closes the connection without a second answer in it', async () => {
    const { port } = await startApp((routes) =>
      routes.get('/stream', (context) =>
        context.body(
          new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('begun')) }),
        ),
      ),
    );
    // The first request is done when the second, a stream, is under way: its end must not forget the second.
    const socket = open(port, `${GET}GET /stream HTTP/1.1\r\nHost: x\r\n\r\n`);
    await expect.poll(() => socket.text).toContain('begun');
    socket.write('BROKEN\r\n\r\n');
    await expect.poll(() => socket.destroyed).toBe(true);
    expect(socket.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });

  it('a client that resets in the middle of an answer is no error of ours', async () => {
    const app = await startApp((routes) => routes.get('/big', (context) => context.body('x'.repeat(5_000_000))));
    const socket = open(app.port, 'GET /big HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => socket.text.length).toBeGreaterThan(0);
    socket.resetAndDestroy();
    await expect.poll(() => app.lines.some(({ msg }) => msg === 'request')).toBe(true);
    expect((await sendRaw(app.port, GET, (text) => text.includes('hello'))).status).toBe(200);
    expect(app.lines.filter(({ level }) => (level as number) >= 50)).toEqual([]);
  });
});

describe('a public server', () => {
  it('takes a free port for 0, and rejects for one that is taken', async () => {
    const { server, port } = await startApp();
    expect(port).toBeGreaterThan(0);
    const other = createServer();
    await expect(listen(other, '127.0.0.1', port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(server.sockets.size).toBe(0);
  });

  it('section 9: requests under way are finished, idle connections closed at once, and no new ones taken', async () => {
    const noLeaks = watchForLeaks();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = false;
    const { port, server } = await startApp((routes) =>
      routes.get('/slow', async (context) => {
        asked = true;
        await held;
        return context.text('slow answer');
      }),
    );
    const idle = open(port, GET);
    await expect.poll(() => idle.text).toContain('hello');
    const busy = open(port, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => asked).toBe(true);
    const closed = server.close(10_000);
    await expect.poll(() => idle.destroyed).toBe(true);
    expect((await sendRaw(port, GET, () => false)).status).toBe(0);
    expect(busy.destroyed).toBe(false);
    release();
    await closed;
    await expect.poll(() => busy.destroyed).toBe(true);
    expect(busy.text).toContain('slow answer');
    await noLeaks();
  });

  it('section 9: a connection whose long answer ends after the server began to close is closed then', async () => {
    let end = (): void => {};
    const { port, server } = await startApp((routes) =>
      routes.get('/stream', (context) =>
        context.body(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('begun'));
              end = () => controller.close();
            },
          }),
        ),
      ),
    );
    const socket = open(port, 'GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => socket.text).toContain('begun');
    const closed = server.close(60_000);
    end();
    await closed;
    await expect.poll(() => socket.destroyed).toBe(true);
  });

  it('section 9: a connection that never asked for anything holds nothing up, one in the middle of a request does', async () => {
    const noLeaks = watchForLeaks();
    const { port, server } = await startApp();
    const silent = open(port, '');
    const slow = open(port, 'GET /hello HTTP/1.1\r\nHo');
    await expect.poll(() => server.sockets.size).toBe(2);
    const started = performance.now();
    const closed = server.close(60_000);
    await expect.poll(() => silent.destroyed, { timeout: 5_000 }).toBe(true);
    expect(slow.destroyed).toBe(false);
    slow.write('st: x\r\n\r\n');
    await closed;
    expect(performance.now() - started).toBeLessThan(10_000);
    await expect.poll(() => slow.destroyed).toBe(true);
    expect(slow.text).toContain('hello');
    await noLeaks();
  });

  it('section 9: a client that takes a large answer slowly gets all of it while the server closes', async () => {
    const { port, server } = await startApp((routes) =>
      routes.get('/big', (context) => context.body('x'.repeat(20_000_000))),
    );
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /big HTTP/1.1\r\nHost: x\r\n\r\n'));
    let bytes = 0;
    let closed: Promise<void> | undefined;
    socket.on('data', (piece) => {
      bytes += piece.length;
      // The rest is on its way, and hardly any of it was taken yet.
      closed ??= server.close(60_000);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    await new Promise((resolve) => socket.once('close', resolve));
    await closed;
    expect(bytes).toBeGreaterThan(20_000_000);
  });

  it('section 9: what is not finished in time is closed', async () => {
    let asked = false;
    const { port, server } = await startApp((routes) =>
      routes.get('/never', () => {
        asked = true;
        return new Promise(() => {});
      }),
    );
    const socket = open(port, 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => asked).toBe(true);
    await server.close(20);
    await expect.poll(() => socket.destroyed).toBe(true);
  });
});

describe('pipelined requests', () => {
  it('RFC 9112 section 9.3.2: each is begun when the one before is answered', async () => {
    const begun: string[] = [];
    let go: () => void = () => {};
    const { port } = await startApp((routes) =>
      routes.get('/wait/:name', async (context) => {
        begun.push(context.req.param('name'));
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        return context.json(context.req.param('name'));
      }),
    );
    const ask = (name: string): string => `GET /wait/${name} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const socket = open(port, ask('first') + ask('second') + ask('third'));
    for (const [place, name] of ['first', 'second', 'third'].entries()) {
      await expect.poll(() => begun[place]).toBe(name);
      expect(begun).toHaveLength(place + 1);
      go();
      await expect.poll(() => socket.text).toContain(`"${name}"`);
    }
  });

  it('RFC 9112 section 9.6: none is begun behind an answer that closes the connection', async () => {
    const begun: string[] = [];
    const { port } = await startApp((routes) => {
      routes.get('/close', (context) => {
        context.env.outgoing.setHeader('Connection', 'close');
        return context.text('the last');
      });
      routes.get('/behind', (context) => {
        begun.push('behind');
        return context.text('behind');
      });
    });
    const behind = 'GET /behind HTTP/1.1\r\nHost: x\r\n\r\n';
    for (const first of ['GET /close HTTP/1.1\r\nHost: x\r\n\r\n', 'GET /close HTTP/1.1\r\n\r\n']) {
      const answer = await sendRaw(port, first + behind, () => false);
      expect(answer.headers.get('connection')).toBe('close');
      expect(answer.text.split('HTTP/1.1 ')).toHaveLength(2);
    }
    expect(begun).toEqual([]);
  });

  it('a hundred may wait, and a connection with more is closed', async () => {
    const { port } = await startApp((routes) => routes.get('/never', () => new Promise(() => {})));
    const never = 'GET /never HTTP/1.1\r\nHost: x\r\n\r\n';
    const patient = open(port, never + GET.repeat(99));
    expect((await sendRaw(port, never + GET.repeat(100), () => false)).text).toBe('');
    expect(patient.destroyed).toBe(false);
    expect((await sendRaw(port, GET.repeat(100), (text) => text.split('hello').length === 101)).status).toBe(200);
  });
});
