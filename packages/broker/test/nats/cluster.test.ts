import { createNatsBroker, type NatsBrokerOptions, type NatsRole } from '@tidings/broker/nats';
import { type NatsCluster, type NatsServer, startNatsCluster } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, type RecordingSink, textOf } from '../../src/contract/fixture.ts';
import type { Broker, Receipt } from '../../src/port.ts';

let cluster: NatsCluster;
let admin: NatsConnection;

beforeAll(async () => {
  cluster = await startNatsCluster();
  admin = await connect({ servers: [...cluster.urls], maxReconnectAttempts: -1, reconnectTimeWait: 100 });
});
afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

async function open(role: NatsRole, change: Partial<NatsBrokerOptions> = {}): Promise<Broker> {
  const broker = createNatsBroker({
    servers: cluster.urls,
    role,
    maxBytes: 64_000_000,
    maxAgeMs: 3_600_000,
    log: createLogger('test', 'debug', { write() {} }),
    metrics: createMetrics(),
    ...change,
  });
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

async function follow(change: Partial<NatsBrokerOptions> = {}): Promise<{ edge: Broker; sink: RecordingSink }> {
  const edge = await open('edge', change);
  const sink = createRecordingSink();
  await edge.openFeed(sink);
  return { edge, sink };
}

async function leader(): Promise<NatsServer> {
  return await vi.waitFor(
    async () => {
      const found = await cluster.streamLeader('EVT_0');
      expect(found).toBeDefined();
      return found as NatsServer;
    },
    { timeout: 15_000, interval: 50 },
  );
}

/** Publishes on a few topics without a pause until it is stopped; then all receipts, by topic in the order of the calls. */
function publishOn(broker: Broker, name: string) {
  let running = true;
  const receipts = new Map<string, { text: string; receipt: Receipt }[]>();
  const writers = Array.from({ length: 4 }, async (_, at) => {
    const topic = `${name}.${at}`;
    const list: { text: string; receipt: Receipt }[] = [];
    receipts.set(topic, list);
    for (let count = 0; running; count += 1) {
      const text = `${count}`;
      list.push({ text, receipt: await broker.publish(eventOf(topic, text)) });
    }
  });
  return {
    count: () => [...receipts.values()].reduce((sum, list) => sum + list.length, 0),
    async stop() {
      running = false;
      await Promise.all(writers);
      return receipts;
    },
  };
}

/** Every stored event of the topics was fed once, in its order and at the place that its receipt names; so in history. */
async function isComplete(
  { edge, sink }: { edge: Broker; sink: RecordingSink },
  receipts: ReadonlyMap<string, readonly { text: string; receipt: Receipt }[]>,
): Promise<void> {
  const last = Math.max(...[...receipts.values()].flat().map(({ receipt }) => receipt.seq));
  await vi.waitFor(() => expect(edge.position()).toBeGreaterThanOrEqual(last), { timeout: 15_000, interval: 20 });
  const range = { after: 0, upTo: edge.position() };
  for (const [topic, list] of receipts) {
    const wanted = list.map(({ text, receipt }) => [receipt.seq, text]);
    const fed = sink.messages
      .filter((message) => message.topic === topic)
      .map((message) => [message.seq, textOf(message)]);
    expect(fed, topic).toEqual(wanted);
    const selection = { tenant: 'default', patterns: [topic] };
    const read = await collect(edge.history(selection, range, AbortSignal.timeout(15_000)));
    expect(
      read.map((message) => [message.seq, textOf(message)]),
      topic,
    ).toEqual(wanted);
  }
}

describe('three servers', () => {
  it('hold three copies of the stream that an ingest creates', async () => {
    const ingest = await open('ingest');
    const answer = (await admin.request('$JS.API.STREAM.INFO.EVT_0', '')).json() as { config: object };
    expect(answer.config).toMatchObject({ num_replicas: 3 });
    await ingest.publish(eventOf('first', 'x'));
    await cluster.ready();
  });

  it('show in a read what was acknowledged just before, whichever of them is asked: 200 times', async () => {
    const ingest = await open('ingest');
    const followers = await Promise.all(cluster.urls.map((url) => follow({ servers: [url] })));
    for (let round = 0; round < 200; round += 1) {
      const { seq } = await ingest.publish(eventOf(`round.${round % 7}`, `${round}`));
      const { edge } = followers[round % 3] as { edge: Broker };
      await vi.waitFor(() => expect(edge.position()).toBeGreaterThanOrEqual(seq), { timeout: 5_000, interval: 1 });
      const selection = { tenant: 'default', patterns: [`round.${round % 7}`] };
      const range = { after: seq - 1, upTo: seq };
      const read = edge.history(selection, range, AbortSignal.timeout(10_000));
      expect((await collect(read)).map(textOf)).toEqual([`${round}`]);
      expect((await edge.bounds()).last).toBeGreaterThanOrEqual(seq);
    }
  });

  it('lose and repeat nothing when the leader of the stream steps down, again and again', async () => {
    const ingest = await open('ingest');
    const follower = await follow();
    const publishing = publishOn(ingest, 'stepdown');
    const seen = new Set<string>();
    for (let times = 0; times < 2; times += 1) {
      const before = publishing.count();
      const was = await leader();
      seen.add(was.name);
      await admin.request('$JS.API.STREAM.LEADER.STEPDOWN.EVT_0', '', { timeout: 5_000 }).catch(() => {});
      await vi.waitFor(() => expect(publishing.count()).toBeGreaterThan(before + 40), {
        timeout: 15_000,
        interval: 10,
      });
    }
    await isComplete(follower, await publishing.stop());
  });

  it('erase for good what is purged: no copy shows it any more once that is answered', async () => {
    const hub = await open('hub');
    const followers = await Promise.all(cluster.urls.map((url) => follow({ servers: [url] })));
    for (let at = 0; at < 5; at += 1) await hub.publish(eventOf('secret', `${at}`));
    await hub.publish(eventOf('kept', 'kept'));
    await hub.purge({ tenant: 'default', patterns: ['secret'] });
    for (const { edge, sink } of followers) {
      expect(sink.calls.some((call) => call.startsWith('purged secret'))).toBe(true);
      const range = { after: 0, upTo: edge.position() };
      const selection = { tenant: 'default', patterns: ['secret', 'kept'] };
      expect((await collect(edge.history(selection, range, AbortSignal.timeout(10_000)))).map(textOf)).toEqual([
        'kept',
      ]);
      expect((await collect(edge.latest(selection, range, AbortSignal.timeout(10_000)))).map(textOf)).toEqual(['kept']);
    }
  });

  it('lose and repeat nothing when the leader is killed and comes back, and when another is frozen', async () => {
    const ingest = await open('ingest');
    const followers = await Promise.all([follow(), follow()]);
    const publishing = publishOn(ingest, 'kill');
    await vi.waitFor(() => expect(publishing.count()).toBeGreaterThan(50), { timeout: 10_000, interval: 10 });
    const killed = await leader();
    await killed.kill();
    const before = publishing.count();
    await vi.waitFor(() => expect(publishing.count()).toBeGreaterThan(before + 50), { timeout: 15_000, interval: 10 });
    await killed.restart();
    await cluster.ready();

    const frozen = cluster.servers.find((server) => server !== killed) as NatsServer;
    frozen.freeze();
    onTestFinished(() => {
      if (frozen.isFrozen) frozen.thaw();
    });
    // Those whose way does not lead over it go on; the others wait, and lose nothing.
    await vi.waitFor(async () => expect(await leader()).not.toBe(frozen), { timeout: 15_000, interval: 50 });
    frozen.thaw();
    const later = publishing.count();
    await vi.waitFor(() => expect(publishing.count()).toBeGreaterThan(later + 50), { timeout: 15_000, interval: 10 });
    const receipts = await publishing.stop();
    for (const follower of followers) await isComplete(follower, receipts);
  }, 60_000);
});
