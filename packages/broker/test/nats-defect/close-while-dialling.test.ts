import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createNatsFixture } from '../nats-fixture.ts';

/** A way to the server that holds back what the server says from the second PONG on: the answer to a flush. */
async function createSlowProxy(
  port: number,
): Promise<{ url: string; held: Promise<void>; release(): void; open: Set<Socket> }> {
  let release = (): void => {};
  let hold = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const held = new Promise<void>((resolve) => (hold = resolve));
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on('close', () => open.delete(client)).on('error', () => {});
    const upstream = connectTcp(port, '127.0.0.1');
    upstream.on('error', () => {}).on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream);
    let pongs = 0;
    upstream.on('data', (bytes: Buffer) => {
      pongs += `${bytes}`.split('PONG\r\n').length - 1;
      if (pongs < 2) return void client.write(bytes);
      hold();
      void released.then(() => client.destroyed || client.write(bytes));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`, held, release: () => release(), open };
}

test('a broker that is closed while its first connection is made ready leaves no connection behind', {
  timeout: 30_000,
}, async () => {
  const fixture = await createNatsFixture();
  onTestFinished(() => fixture.remove());
  const proxy = await createSlowProxy(fixture.server.port);
  const hub = fixture.create('hub', { servers: [proxy.url] });
  const opening = hub.open().then(
    () => 'open',
    () => 'refused',
  );
  await proxy.held;
  await hub.close();
  proxy.release();
  expect(await opening).toBe('refused');
  await expect.poll(() => proxy.open.size, { timeout: 5_000 }).toBe(0);
});
