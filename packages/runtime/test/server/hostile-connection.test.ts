import { describe, expect, it } from 'vitest';
import { connectSocket, sendRaw, watchForLeaks } from '../../src/testing/index.ts';
import { startApp, type TestApp } from '../fixture.ts';

const GET = 'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n';
const ONCE = 'GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

function open(port: number, allowHalfOpen = false) {
  const socket = connectSocket(port, { allowHalfOpen });
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  socket.on('error', () => {});
  return { socket, text: () => text };
}

async function expectNothingLeft({ server, lines }: TestApp, left: () => Promise<void>): Promise<void> {
  await expect.poll(() => server.sockets.size).toBe(0);
  expect(lines.filter(({ level }) => (level as number) >= 40)).toEqual([]);
  await left();
}

describe('hardening section 1: connections', () => {
  it('beyond the number that files allow are cut off unheard; those that are there are served, and a place is given back', async () => {
    const app = await startApp(undefined, { maxSockets: 20 });
    const left = watchForLeaks();
    const silent = Array.from({ length: 19 }, () => open(app.port));
    await expect.poll(() => app.server.sockets.size).toBe(19);
    const served = open(app.port);
    served.socket.write(GET);
    await expect.poll(served.text).toContain('hello');
    const beyond = await Promise.all(Array.from({ length: 200 }, () => sendRaw(app.port, GET)));
    expect(new Set(beyond.map(({ status }) => status))).toEqual(new Set([0]));
    expect(app.server.sockets.size).toBe(20);
    served.socket.write(GET);
    await expect.poll(() => served.text().split('hello').length).toBe(3);

    silent[0]?.socket.destroy();
    await expect.poll(() => app.server.sockets.size).toBe(19);
    expect((await sendRaw(app.port, ONCE)).status).toBe(200);
    for (const { socket } of [...silent, served]) socket.destroy();
    await expectNothingLeft(app, left);
  });

  it('that are half-closed behind a request get its answer, and are closed then', async () => {
    const app = await startApp();
    const left = watchForLeaks();
    const half = open(app.port, true);
    half.socket.end(GET);
    await new Promise((resolve) => half.socket.once('end', resolve));
    expect(half.text()).toContain('hello');
    await expectNothingLeft(app, left);
  });

  it.each([
    ['before a byte', ''],
    ['in the middle of a head', 'GET /hello HTTP/1.1\r\nHo'],
    ['in the middle of a body', 'POST /things/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc'],
  ])('that are half-closed %s are closed', async (_name, bytes) => {
    const app = await startApp();
    const left = watchForLeaks();
    const half = open(app.port, true);
    half.socket.end(bytes);
    await new Promise((resolve) => half.socket.once('end', resolve));
    half.socket.destroy();
    await expectNothingLeft(app, left);
  });
});
