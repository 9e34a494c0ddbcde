import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type Http2ServerResponse } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/server/listening.ts';
import { takeOver, takeOverStream } from '../../src/server/take-over.ts';
import { watchForLeaks } from '../../src/testing/index.ts';

interface Taken {
  readonly client: Socket & { text: string };
  readonly outgoing: ServerResponse;
  readonly socket: Socket;
  readonly taken: boolean;
}

/** Begins an answer, and takes its socket over. */
async function begin(request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', wait = true): Promise<Taken> {
  const server = createServer();
  const port = await listen(server, '127.0.0.1', 0);
  const client = Object.assign(connect(port, '127.0.0.1'), { text: '' });
  client.on('data', (bytes) => {
    client.text += bytes;
  });
  client.on('error', () => {});
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  client.write(request);
  const [incoming, outgoing] = (await once(server, 'request')) as [unknown, ServerResponse & { socket: Socket }];
  expect(incoming).toBeDefined();
  outgoing.writeHead(200);
  outgoing.flushHeaders();
  const { socket } = outgoing;
  if (wait) await new Promise((resolve) => setImmediate(resolve));
  return { client, outgoing, socket, taken: takeOver(outgoing) };
}

describe('takeOver', () => {
  it('knows the Node that it runs on, and leaves nothing of HTTP at the socket', async () => {
    const { taken, socket, outgoing } = await begin();
    expect(taken).toBe(true);
    expect(outgoing.socket).toBeNull();
    expect((socket as { parser?: unknown }).parser).toBeNull();
    const names = ['data', 'end', 'close', 'drain', 'error', 'timeout', 'pause', 'resume'].flatMap((event) =>
      socket.rawListeners(event).map(({ name }) => name),
    );
    expect(names.filter((name) => /socketOn|onSocket/.test(name))).toEqual([]);
    expect(Object.hasOwn(socket, 'on')).toBe(false);
  });

  it('leaves a socket that writes, drains and ends as any other', async () => {
    const noLeaks = watchForLeaks();
    const { client, socket } = await begin();
    socket.write('5\r\nhello\r\n');
    await expect.poll(() => client.text).toContain('hello');
    client.pause();
    while (socket.write('x'.repeat(65_536)));
    const drained = once(socket, 'drain');
    client.resume();
    await drained;
    const closed = once(socket, 'close');
    socket.destroySoon();
    await closed;
    client.destroy();
    await noLeaks();
  });

  it.each([
    ['leaves', (client: Socket) => client.destroy()],
    ['ends its side', (client: Socket) => client.end()],
    ['sends another request', (client: Socket) => client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['resets', (client: Socket) => client.resetAndDestroy()],
  ])('ends the socket when its client %s', async (_what, act) => {
    const { client, socket } = await begin();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    act(client);
    await closed;
  });

  it('lets a line break behind the request pass', async () => {
    const { client, socket } = await begin();
    client.write('\r\n');
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(28);
    expect(socket.destroyed).toBe(false);
  });

  it('changes nothing where the request is not complete', async () => {
    const { taken, outgoing, client } = await begin('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
    expect(taken).toBe(false);
    outgoing.end('whole');
    await expect.poll(() => client.text).toContain('whole');
  });

  it('changes nothing where Node is not as it is known', async () => {
    const server = createServer();
    const port = await listen(server, '127.0.0.1', 0);
    const client = connect(port, '127.0.0.1');
    onTestFinished(() => {
      client.destroy();
      server.closeAllConnections();
      server.close();
    });
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [, outgoing] = (await once(server, 'request')) as [unknown, ServerResponse & { socket: Socket }];
    outgoing.writeHead(200);
    outgoing.flushHeaders();
    const { socket } = outgoing;
    const onData = socket.rawListeners('data').find(({ name }) => name === 'bound socketOnData') as () => void;
    socket.off('data', onData);
    const before = socket.eventNames().map((name) => [name, socket.listenerCount(name)]);
    expect(takeOver(outgoing)).toBe(false);
    expect(socket.eventNames().map((name) => [name, socket.listenerCount(name)])).toEqual(before);
    expect(outgoing.socket).toBe(socket);
  });
});

describe('takeOverStream', () => {
  it('frees request and response of a stream of HTTP/2, which goes on', async () => {
    const noLeaks = watchForLeaks();
    const server = createHttp2Server();
    const port = await listen(server, '127.0.0.1', 0);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const request = session.request({ ':path': '/' });
    let text = '';
    request.setEncoding('utf8').on('data', (piece) => {
      text += piece;
    });
    const [, outgoing] = (await once(server, 'request')) as [unknown, Http2ServerResponse];
    const { stream } = outgoing;
    const closes: string[] = [];
    outgoing.on('close', () => closes.push('response'));
    stream.respond({ ':status': 200 });
    expect(takeOverStream(stream)).toBe(true);
    expect(closes).toEqual(['response']);
    expect(takeOverStream(stream)).toBe(false);
    stream.write('still here');
    await expect.poll(() => text).toBe('still here');
    const ended = once(request, 'close');
    stream.end();
    await ended;
    session.close();
    server.close();
    await once(server, 'close');
    await noLeaks();
  });
});
