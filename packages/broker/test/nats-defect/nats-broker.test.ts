import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { headers as createHeaders } from 'nats';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createRecordingSink, eventOf, selectionOf, textOf } from '../../src/contract/fixture.ts';
import type { Broker } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;

beforeEach(async () => {
  fixture = await createNatsFixture();
});

afterEach(() => fixture.remove());

async function open(...args: Parameters<NatsFixture['create']>): Promise<Broker> {
  const broker = fixture.create(...args);
  await broker.open();
  onTestFinished(() => broker.close());
  return broker;
}

/** A TCP way to the server that a test can block. */
async function createProxy(port: number): Promise<{ url: string; block(): void; unblock(): void }> {
  const sockets = new Set<Socket>();
  let blocked = false;
  const server = createServer((client) => {
    if (blocked) return void client.destroy();
    const upstream = connectTcp(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    block() {
      blocked = true;
      for (const socket of sockets) socket.destroy();
    },
    unblock() {
      blocked = false;
    },
  };
}

describe('the NATS broker', () => {
  test('reads on from a cursor after which everything has expired', { timeout: 40_000 }, async () => {
    const hub = await open('hub');
    await hub.publish(eventOf('a', 'kept'));
    const { seq: after } = await hub.publish(eventOf('a', 'kept too'));
    const { seq: upTo } = await hub.publish(eventOf('b', 'short', { ttlSec: 1 }));
    await expect
      .poll(async () => (await fixture.api('STREAM.MSG.GET.EVT_0', { seq: upTo })).error, { timeout: 10_000 })
      .toBeDefined();
    const edge = await open('edge');
    await edge.openFeed(createRecordingSink());
    expect(edge.position()).toBe(upTo);
    const pages = edge.history(selectionOf('quiet'), { after, upTo }, AbortSignal.timeout(8_000));
    let through = 0;
    for await (const page of pages) through = page.through;
    expect(through).toBe(upTo);
  });

  test('says so when what its feed missed was evicted before it came back', { timeout: 40_000 }, async () => {
    const proxy = await createProxy(fixture.server.port);
    const hub = await open('hub', { maxBytes: 200_000 });
    const edge = await open('edge', { servers: [proxy.url] });
    const sink = createRecordingSink();
    await edge.openFeed(sink);
    await hub.publish(eventOf('a', 'seen'));
    await sink.received(1);
    proxy.block();
    for (let index = 0; index < 60; index += 1) await hub.publish(eventOf('a', `${index} ${'x'.repeat(10_000)}`));
    const { seq: last } = await hub.publish(eventOf('a', 'last'));
    const { first } = await hub.bounds();
    expect(first).toBeGreaterThan(10);
    proxy.unblock();
    await expect.poll(() => edge.position(), { timeout: 15_000 }).toBe(last);
    const places = sink.messages.map(({ seq }) => seq);
    const isWhole = places.length === last;
    const wasTold = sink.calls.some((call) => call.startsWith('restart'));
    expect(isWhole || wasTold).toBe(true);
  });

  test('goes on with the log after a late message of another log came in on the live connection', {
    timeout: 40_000,
  }, async () => {
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    await hub.publish(eventOf('a', 'one'));
    await sink.received(1);
    const headers = createHeaders();
    headers.set('Nats-Sequence', '1000');
    headers.set('Nats-Time-Stamp', '2026-01-01T00:00:00Z');
    fixture.admin.publish('live.0.default.a', Buffer.from('of the old log'), { headers });
    await fixture.admin.flush();
    // As long as it takes the repair to give up on the places between.
    const deadlineMs = performance.now() + 6_000;
    while (hub.position() < 999 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await hub.publish(eventOf('a', 'two'));
    await expect.poll(() => sink.messages.map(textOf), { timeout: 5_000 }).toEqual(['one', 'two']);
  });

  test('closes within a few seconds while its server is frozen', { timeout: 60_000 }, async () => {
    const hub = fixture.create('hub');
    await hub.open();
    await hub.openFeed(createRecordingSink());
    fixture.server.freeze();
    const stateOf = async (): Promise<string> =>
      `${await readFile(`/proc/${fixture.server.pid}/stat`)}`.split(') ')[1] ?? '';
    await expect.poll(stateOf).toMatch(/^T/);
    const started = performance.now();
    await hub.close();
    fixture.server.thaw();
    expect(performance.now() - started).toBeLessThan(7_000);
  });

  test('an edge that started after a purge began never shows what it erased', { timeout: 40_000 }, async () => {
    const hub = await open('hub');
    await hub.publish(eventOf('a', 'erased'));
    // The erasure is in the log, and the server has not erased it yet: as on a replica that is behind.
    const headers = createHeaders();
    headers.set('Nats-Msg-Id', 'purge');
    await fixture.admin.request('evt.0.$.purge', JSON.stringify({ tenant: 'default', patterns: ['a'] }), {
      headers,
      timeout: 5_000,
    });
    await hub.publish(eventOf('b', 'later'));
    const edge = await open('edge');
    await edge.openFeed(createRecordingSink());
    const texts: string[] = [];
    const range = { after: 0, upTo: edge.position() };
    for await (const page of edge.history(selectionOf('a'), range, AbortSignal.timeout(8_000))) {
      texts.push(...page.messages.map(textOf));
    }
    expect(texts).toEqual([]);
  });

  test('tells of a log whose end was lost even where new events have overtaken it', { timeout: 60_000 }, async () => {
    const { server } = fixture;
    const hub = await open('hub');
    const sink = createRecordingSink();
    await hub.openFeed(sink);
    for (let index = 1; index <= 5; index += 1) await hub.publish(eventOf('a', `kept ${index}`));
    await sink.received(5);
    // What is on the disk when the machine loses power: acknowledged events may be missing at the end.
    await server.stop();
    const backup = join(server.folder, '..', `${server.name}-${process.pid}-backup`);
    onTestFinished(() => rm(backup, { recursive: true, force: true }));
    await cp(server.folder, backup, { recursive: true });
    await server.restart();
    for (let index = 1; index <= 5; index += 1) await hub.publish(eventOf('a', `lost ${index}`));
    await sink.received(10);
    await server.kill();
    await cp(backup, server.folder, { recursive: true, force: true });
    await server.restart();
    const texts = Array.from({ length: 10 }, (_, index) => `new ${index}`);
    for (const text of texts) await hub.publish(eventOf('a', text));
    const last = (await hub.bounds()).last;
    expect(last).toBe(15);
    // What was fed is not what the log holds: everybody is told, and an operator has to look.
    await expect.poll(() => sink.calls.some((call) => call.startsWith('restart')), { timeout: 20_000 }).toBe(true);
    expect(hub.health().ready).toBe(false);
  });

  test('ends the questions that are under way when it is closed', { timeout: 40_000 }, async () => {
    const hub = await open('hub');
    await fixture.server.kill();
    await expect.poll(() => hub.health().ready).toBe(false);
    const asking = hub.bounds().then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
    await hub.close();
    const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'still asking'));
    expect(await Promise.race([asking, late])).toBe('unavailable');
    await fixture.server.restart();
  });

  test('leaves no connection behind when it is closed while it dials', { timeout: 40_000 }, async () => {
    let accepted: (socket: Socket) => void = () => {};
    const arrival = new Promise<Socket>((resolve) => (accepted = resolve));
    const gate = createServer((socket) => accepted(socket));
    gate.listen(0, '127.0.0.1');
    await once(gate, 'listening');
    onTestFinished(() => void gate.close());
    const hub = fixture.create('hub', { servers: [`nats://127.0.0.1:${(gate.address() as AddressInfo).port}`] });
    const opening = hub.open().then(
      () => 'open',
      () => 'refused',
    );
    const client = await arrival;
    await hub.close();
    // Only now the server is heard, and the client is let in.
    const upstream = connectTcp(fixture.server.port, '127.0.0.1');
    onTestFinished(() => void upstream.destroy());
    client.on('error', () => {});
    upstream.on('error', () => {});
    client.pipe(upstream).pipe(client);
    expect(await opening).toBe('refused');
    if (!client.destroyed && !client.readableEnded) await Promise.race([once(client, 'end'), once(client, 'close')]);
    expect(client.readableEnded || client.destroyed).toBe(true);
  });
});
