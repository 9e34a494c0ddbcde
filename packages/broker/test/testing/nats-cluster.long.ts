import { existsSync } from 'node:fs';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// An election takes seconds, and many on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
});
afterAll(() => cluster.remove());

/** One call to the API of JetStream. */
async function call(subject: string, body: object): Promise<Record<string, unknown>> {
  const client = await connect({ servers: [...cluster.urls] });
  try {
    const answer = await client.request(`$JS.API.${subject}`, JSON.stringify(body), { timeout: 10_000 });
    return answer.json();
  } finally {
    await client.close();
  }
}

test('a cluster is ready when it has a leader, and its streams have one each, who can be found', async () => {
  expect(cluster.servers).toContain(await cluster.metaLeader());
  expect(await cluster.streamLeader('LOG')).toBeUndefined();
  const made = await call('STREAM.CREATE.LOG', { name: 'LOG', subjects: ['log'], storage: 'file', num_replicas: 3 });
  expect(made.error).toBeUndefined();
  await cluster.ready();
  const leader = await cluster.streamLeader('LOG');
  const info = await call('STREAM.INFO.LOG', {});
  expect(info.cluster).toMatchObject({ leader: leader?.name });
});

test('after the leader of a stream is killed the others find another one, and the stream is whole after its return', async () => {
  const leader = await cluster.streamLeader('LOG');
  await leader?.kill();
  await expect
    .poll(() => cluster.streamLeader('LOG').then((other) => other !== undefined && other !== leader), {
      timeout: 20_000,
    })
    .toBe(true);
  await cluster.ready();
  await leader?.restart();
  await cluster.ready();
  const info = await call('STREAM.INFO.LOG', {});
  const { replicas } = info.cluster as { replicas: { current: boolean }[] };
  expect(replicas.map(({ current }) => current)).toEqual([true, true]);
});

test('a server that is frozen does not count, and one that is thawed does', async () => {
  const [first] = cluster.servers;
  first?.freeze();
  await expect
    .poll(() => cluster.metaLeader().then((leader) => leader?.name), { timeout: 20_000 })
    .toMatch(/nats-[23]/);
  await cluster.ready();
  first?.thaw();
  await cluster.ready();
});

test('without a majority it is not ready, and says so', async () => {
  const [first, second] = cluster.servers;
  await Promise.all([first?.kill(), second?.kill()]);
  await expect(cluster.ready(500)).rejects.toThrow('waited 500 ms: only 1 of 3 servers run');
  await Promise.all([first?.restart(), second?.restart()]);
  await cluster.ready();
});

test('nothing is left of a cluster that was removed', async () => {
  const other = await startNatsCluster();
  await other.remove();
  for (const { pid, folder } of other.servers) {
    expect(pid).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  }
});
