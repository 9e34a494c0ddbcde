import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import { createControl } from '@tidings/control';
import type { MetricsSnapshot } from '@tidings/protocol';
import { createLogger } from '@tidings/runtime';
import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { placeOf } from './received.ts';

async function follow(edge: TestEdge, claims: object = {}): Promise<StreamClient> {
  const token = await edge.token({ admin: true }, { sub: 'root', ...claims });
  const client = await edge.stream('topic=%24hub.metrics', { headers: { authorization: `Bearer ${token}` } });
  await client.event('hub.live');
  return client;
}

const snapshotsOf = (client: StreamClient): MetricsSnapshot[] =>
  client.events.filter(({ event }) => event === 'metrics').map(({ data }) => JSON.parse(data));

/** The first snapshot after `count` of them. */
async function nextSnapshot(client: StreamClient, count: number): Promise<MetricsSnapshot> {
  await client.until(() => snapshotsOf(client).length > count);
  return snapshotsOf(client)[count] as MetricsSnapshot;
}

/** As a node says it that knows nothing of `draining`. */
const OLD_PART = {
  tenant: 'default',
  since: '2026-11-21T08:00:00.000Z',
  edge: true,
  streams: 0,
  lagging: 0,
  published: 0,
  delivered: 0,
  publishedPerSec: 0,
  deliveredPerSec: 0,
  resumes: { ring: 0, history: 0, gap: 0 },
  gaps: 0,
  latencies: [],
};

describe('$hub.metrics', () => {
  it('tells once a second what all nodes did for the tenant, and nothing of what others cause', async () => {
    const bus = createMemoryBus();
    const clock = createFakeClock();
    const [here, there] = [await startEdge({ bus, clock }), await startEdge({ bus, clock })];
    const cluster = createMemoryCluster({ bus, clock });
    const ingest = createControl(cluster, createLogger('ingest', 'silent', { write: () => {} }), clock);
    const notices: unknown[] = [];
    cluster.hear('metrics', (body) => notices.push(body));
    await cluster.open();
    onTestFinished(() => cluster.close());
    const live = await there.stream('topic=a.%3E');
    await live.event('hub.live');
    await there.publish('a.1', 'before anybody follows');
    await live.until(({ events }) => events.length > 2);
    clock.advance(5_000);
    expect(notices).toEqual([]);

    const own = await follow(here);
    const foreign = await follow(here, { tenant: 'acme' });
    ingest.tallies.published('default', 20);
    ingest.tallies.published('globex', 7);
    for (let count = 0; count < 20; count += 1) await there.publish(`a.${count}`, 'x');
    for (let count = 0; count < 9; count += 1) await there.publish('a.1', 'x', { tenant: 'acme' });
    await live.until(({ events }) => events.length > 22);
    // It comes back with a cursor of the ring, and another with one of a log that is not this one.
    const back = await there.stream(`topic=a.%3E&last_event_id=${live.events[2]?.lastEventId}`);
    await back.until(({ events }) => events.length > 21);
    await (await there.stream('topic=a.%3E&last_event_id=nonsense')).event('hub.gap');
    await eventually(() => there.edge.openStreams === 3);
    clock.advance(2_000);

    const { total, nodes, time } = await nextSnapshot(own, 1);
    expect(time).toMatch(/^2026-11-21T.*Z$/);
    expect(total).toMatchObject({ streams: 4, lagging: 0, published: 20, delivered: 40, gaps: 1 });
    // What was followed by nobody before is read from history.
    expect([total.resumes.ring + total.resumes.history, total.resumes.gap]).toEqual([1, 1]);
    expect(nodes.map(({ edge, streams, published, delivered }) => [edge, streams, published, delivered])).toEqual(
      expect.arrayContaining([
        [false, 0, 20, 0],
        [true, 3, 0, 40],
        [true, 1, 0, 0],
      ]),
    );
    expect(nodes).toHaveLength(3);
    const first = snapshotsOf(own)[0] as MetricsSnapshot;
    const [{ total: before }, { total: after }] = [first, snapshotsOf(own)[1] as MetricsSnapshot];
    expect(before.publishedPerSec + after.publishedPerSec).toBeGreaterThanOrEqual(20);
    expect(await nextSnapshot(foreign, 1)).toMatchObject({
      total: { streams: 1, published: 0, delivered: 0, gaps: 0, p50Ms: null, p99Ms: null },
    });
    expect(JSON.stringify(notices)).not.toContain('globex');
    expect(snapshotsOf(own)).toHaveLength(2);

    // A node that is gone is forgotten after three seconds; the sums of the others go on.
    await cluster.close();
    clock.advance(5_000);
    await own.until(() => snapshotsOf(own).length >= 7);
    expect(snapshotsOf(own).at(-1)?.nodes).toHaveLength(2);
    expect(snapshotsOf(own).at(-1)?.total).toMatchObject({ published: 0, delivered: 40, deliveredPerSec: 0 });
  });

  it('what a node tells that can not be read is left out, and ends nothing', async () => {
    const bus = createMemoryBus();
    const clock = createFakeClock();
    const edge = await startEdge({ bus, clock, expectErrors: true });
    const other = createMemoryCluster({ bus, clock });
    await other.open();
    onTestFinished(() => other.close());
    const client = await follow(edge);
    const resumes = { ring: 0, history: 0, gap: 0 };
    for (const part of [{}, { resumes }, { resumes, since: '', latencies: [null] }]) {
      other.tell('metrics', [{ tenant: 'default', ...part }]);
    }
    other.tell('metrics', [{ ...OLD_PART, draining: 'yes' }]);
    await eventually(() => edge.lines.filter(({ level }) => Number(level) >= 50).length === 4);
    clock.advance(1_000);
    clock.advance(1_000);
    const { nodes } = await nextSnapshot(client, 0);
    expect(nodes.map(({ node }) => node)).toEqual([edge.cluster.id]);
  });

  it('an edge says that it drains, and how many streams are left; of an older node it is taken that it does not', async () => {
    const bus = createMemoryBus();
    const clock = createFakeClock();
    const [here, there] = [await startEdge({ bus, clock }), await startEdge({ bus, clock })];
    const old = createMemoryCluster({ bus, clock });
    await old.open();
    onTestFinished(() => old.close());
    const leaving = await Promise.all(Array.from({ length: 60 }, () => there.stream('topic=a')));
    await Promise.all(leaving.map((client) => client.event('hub.live')));
    const own = await follow(here);
    const nodesNow = ({ nodes }: MetricsSnapshot): Record<string, unknown> =>
      Object.fromEntries(nodes.map(({ node, draining, streams }) => [node, [draining, streams]]));
    clock.advance(1_000);
    old.tell('metrics', [{ ...OLD_PART, streams: 7 }]);
    clock.advance(1_000);
    const before = nodesNow(await nextSnapshot(own, 1));
    expect(before).toEqual({
      [here.cluster.id]: [false, 1],
      [there.cluster.id]: [false, 60],
      [old.id]: [false, 7],
    });

    const drained = there.edge.drain();
    clock.advance(1_000);
    await own.until(() => snapshotsOf(own).length > 2);
    clock.advance(5_000);
    await drained;
    await own.until(() => snapshotsOf(own).length >= 8);
    const seen = snapshotsOf(own).map((snapshot) => nodesNow(snapshot)[there.cluster.id] as [boolean, number]);
    const emptying = seen.filter(([draining]) => draining).map(([, streams]) => streams);
    expect(emptying[0]).toBeLessThan(60);
    expect(emptying[0]).toBeGreaterThan(0);
    expect(emptying.at(-1)).toBe(0);
    expect(nodesNow(snapshotsOf(own).at(-1) as MetricsSnapshot)[here.cluster.id]).toEqual([false, 1]);
  });

  it('latencies are those of the last second’s live events, from publish to write', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const own = await follow(edge);
    const live = await edge.stream('topic=a');
    await live.event('hub.live');
    const before = placeOf(live.lastEventId);
    for (let count = 1; count <= 100; count += 1) await edge.publish('a', `${count}`);
    await live.until(({ events }) => events.at(-1)?.data === '100');
    expect(placeOf(live.lastEventId)).toBe(before + 100);
    clock.advance(2_000);
    const snapshots = [await nextSnapshot(own, 0), await nextSnapshot(own, 1)];
    expect(snapshots.map(({ total }) => total.p50Ms)).toContain(0);
    expect(snapshots.map(({ total }) => total.deliveredPerSec)).toContain(100);
    clock.advance(1_000);
    expect((await nextSnapshot(own, 2)).total).toMatchObject({ p50Ms: null, delivered: 100, deliveredPerSec: 0 });
  });

  it('a follower that leaves ends it: nothing is counted or told any more', async () => {
    const bus = createMemoryBus();
    const clock = createFakeClock();
    const edge = await startEdge({ bus, clock });
    const cluster = createMemoryCluster({ bus, clock });
    const notices: unknown[] = [];
    cluster.hear('metrics', (body) => notices.push(body));
    await cluster.open();
    onTestFinished(() => cluster.close());
    const own = await follow(edge);
    clock.advance(10_000);
    expect(notices).toHaveLength(10);
    own.destroy();
    await eventually(() => edge.edge.openStreams === 0);
    clock.advance(3_000);
    const { length } = notices;
    const { pending } = clock;
    clock.advance(10_000);
    expect(notices).toHaveLength(length);
    expect(clock.pending).toBeLessThanOrEqual(pending);
  });
});
