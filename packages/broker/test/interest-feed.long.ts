import { askJetStream, startNatsCluster, startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { collect, createRecordingSink, eventOf, selectionOf, textOf } from '../src/contract/fixture.ts';
import { createNatsBroker } from '../src/nats/nats-broker.ts';
import type { NatsBrokerOptions, NatsRole } from '../src/nats/options.ts';
import type { Broker } from '../src/port.ts';

const log = createLogger('test', 'silent', { write() {} });

async function open(
  role: NatsRole,
  servers: readonly string[],
  change: Partial<NatsBrokerOptions> = {},
): Promise<Broker> {
  const limits = { maxBytes: 1_000_000_000, maxAgeMs: 3_600_000 };
  const broker = createNatsBroker({ servers, role, ...limits, log, metrics: createMetrics(), ...change });
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

const reaches = (broker: Broker, place: number): Promise<unknown> =>
  expect.poll(() => broker.position(), { timeout: 30_000 }).toBeGreaterThanOrEqual(place);

describe('a feed of what is followed', () => {
  test('misses nothing of topics that are followed in the middle of a burst, far from the leader, while leaders change', async () => {
    const cluster = await startNatsCluster();
    onTestFinished(() => cluster.remove());
    const ingest = await open('ingest', cluster.urls);
    const edges = await Promise.all(cluster.urls.map((url) => open('edge', [url], { feed: 'interest' })));
    const sinks = edges.map(() => createRecordingSink());
    await Promise.all(edges.map((edge, at) => edge.openFeed(sinks[at] as (typeof sinks)[number])));

    let going = true;
    const publishing = Array.from({ length: 40 }, async (_, topic) => {
      for (let count = 0; going; count += 1) await ingest.publish(eventOf(`burst.${topic}`, `${count}`));
    });
    const followed: { edge: number; topic: string; from: number }[] = [];
    for (let topic = 0; topic < 40; topic += 1) {
      if (topic % 10 === 9)
        await askJetStream(cluster.urls[0] as string, '$JS.API.STREAM.LEADER.STEPDOWN.EVT_0').catch(() => {});
      await Promise.all(
        edges.map(async (broker, edge) => {
          const name = `burst.${topic}`;
          const { from } = await broker.follow(selectionOf(name));
          followed.push({ edge, topic: name, from });
        }),
      );
    }
    going = false;
    await Promise.all(publishing);
    const { last } = await ingest.bounds();
    await Promise.all(edges.map((edge) => reaches(edge, last)));
    for (const { edge, topic, from } of followed) {
      const broker = edges[edge] as Broker;
      const pages = broker.history(selectionOf(topic), { after: from, upTo: last }, AbortSignal.timeout(30_000));
      const fed = sinks[edge]?.messages.filter((message) => message.topic === topic && message.seq > from) ?? [];
      expect(fed.map(textOf), `${topic} on edge ${edge}`).toEqual((await collect(pages)).map(textOf));
    }
    expect(last).toBeGreaterThan(300);
  });

  test('has 50,000 topics again after its server was killed and came back, and misses nothing of them', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.remove());
    const ingest = await open('ingest', [server.url]);
    const metrics = createMetrics();
    const edge = await open('edge', [server.url], { feed: 'interest', metrics });
    const sink = createRecordingSink();
    await edge.openFeed(sink);
    const topics = Array.from({ length: 50_000 }, (_, at) => `user.${at}`);
    await Promise.all(topics.map((topic) => edge.follow(selectionOf(topic))));

    let stored = 0;
    const publish = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each += 1, stored += 1) {
        await ingest.publish(eventOf(topics[(stored * 7_919) % topics.length] as string, `${stored}`));
      }
    };
    await publish(500);
    await server.kill();
    const publishing = publish(1_000);
    const startMs = performance.now();
    await server.restart();
    const subscriptions = async (): Promise<number> =>
      ((await (await fetch(`${server.monitorUrl}/varz`)).json()) as { subscriptions: number }).subscriptions;
    await expect.poll(subscriptions, { timeout: 30_000, interval: 20 }).toBeGreaterThan(100_000);
    console.info(`in force again after ${Math.round(performance.now() - startMs)} ms`);
    await publishing;
    await publish(500);
    await reaches(edge, (await ingest.bounds()).last);
    expect(sink.messages.map(textOf)).toEqual(Array.from({ length: stored }, (_, at) => `${at}`));
  });
});
