import { connect, type Msg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type BulkEntry, BulkSubscription } from '../../src/nats/bulk-subscription.ts';
import { type NatsServer, startNatsServer } from '../../src/testing/index.ts';

let server: NatsServer;
let admin: NatsConnection;
let got: string[];
let bulk: BulkSubscription<BulkEntry>;

beforeAll(async () => {
  server = await startNatsServer();
  admin = await connect({ servers: server.url });
});
afterAll(async () => {
  await admin?.close();
  await server?.remove();
});
beforeEach(() => {
  got = [];
  const take = (family: string) => (_error: unknown, message: Msg) => void got.push(`${family} ${message.subject}`);
  bulk = new BulkSubscription([
    { prefix: 'one.', standing: 'one.always', callback: take('first') },
    { prefix: 'two.', standing: 'two.always', callback: take('second') },
  ]);
});

const entry = (filter: string): BulkEntry => ({ filter, sid: 0 });

async function attach(): Promise<NatsConnection> {
  const socket = await connect({ servers: server.url, reconnect: false });
  onTestFinished(() => socket.close());
  bulk.attach(socket)();
  await socket.flush();
  return socket;
}

/** What comes of these subjects. */
async function publish(socket: NatsConnection, ...subjects: string[]): Promise<string[]> {
  got.length = 0;
  for (const subject of subjects) admin.publish(subject, 'x');
  await admin.flush();
  await socket.flush();
  return [...got];
}

describe('subscribing to very many subjects under a few subscriptions of the pinned client', () => {
  it('brings each to the family that it is of, those too that were always there', async () => {
    const socket = await attach();
    bulk.add(entry('a'));
    bulk.add(entry('b.*'));
    await socket.flush();
    const sent = ['one.a', 'two.a', 'two.b.1', 'one.always', 'two.always', 'one.c', 'three.a'];
    expect(await publish(socket, ...sent)).toEqual([
      'first one.a',
      'second two.a',
      'second two.b.1',
      'first one.always',
      'second two.always',
    ]);
  });

  it('ends with an entry, and its numbers are not used again', async () => {
    const socket = await attach();
    const [a, b] = [entry('a'), entry('b')];
    bulk.add(a);
    bulk.add(b);
    const { sid } = a;
    bulk.remove(a);
    bulk.remove(a);
    bulk.add(a);
    bulk.remove(b);
    await socket.flush();
    expect(a.sid).toBeGreaterThan(sid);
    expect(await publish(socket, 'one.a', 'one.b')).toEqual(['first one.a']);
  });

  it('stands on the next connection as it was, with what came and went while that was made', async () => {
    const first = await attach();
    const [kept, gone, late] = [entry('kept'), entry('gone'), entry('late')];
    bulk.add(kept);
    bulk.add(gone);
    const next = await connect({ servers: server.url, reconnect: false });
    onTestFinished(() => next.close());
    const makePresent = bulk.attach(next);
    bulk.detach();
    bulk.remove(gone);
    bulk.add(late);
    makePresent();
    await first.close();
    await next.flush();
    expect(await publish(next, 'one.kept', 'two.gone', 'two.late')).toEqual(['first one.kept', 'second two.late']);
    expect(bulk.size).toBe(2);
  });

  it('writes very many in a moment, next to subscriptions of the client itself', async () => {
    for (let at = 0; at < 20_000; at += 1) bulk.add(entry(`many.${at}`));
    const socket = await attach();
    const own: string[] = [];
    socket.subscribe('own.>', { callback: (_error, { subject }) => void own.push(subject) });
    await socket.flush();
    const { subscriptions } = (await (await fetch(`${server.monitorUrl}/varz`)).json()) as { subscriptions: number };
    expect(subscriptions).toBeGreaterThan(40_000);
    expect(await publish(socket, 'one.many.19999', 'own.a', 'two.many.0')).toEqual([
      'first one.many.19999',
      'second two.many.0',
    ]);
    expect(own).toEqual(['own.a']);
  });
});
