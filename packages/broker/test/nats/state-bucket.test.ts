import { setUpStream } from '@tidings/broker/nats';
import { ConfigurationError, createLogger } from '@tidings/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ClusterRole } from '../../src/cluster-port.ts';
import type { StreamConfig } from '../../src/nats/jetstream-api.ts';
import { STATE_PLAN } from '../../src/nats/state-bucket.ts';
import { compareConfig } from '../../src/nats/stream-config.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  await fixture.api('STREAM.DELETE.KV_tidings');
  fixture.lines.length = 0;
});

const configOf = async (): Promise<StreamConfig> =>
  (await fixture.api('STREAM.INFO.KV_tidings')).config as StreamConfig;
const warnings = (): string[] => fixture.lines.filter(({ level }) => level === 40).map(({ msg }) => `${msg}`);

function create(role: ClusterRole) {
  const cluster = fixture.createCluster(role);
  onTestFinished(() => cluster.close());
  return cluster;
}

describe('the bucket of the shared state', () => {
  it('is made by whoever may, once, as it would be compared with; an edge waits for it and says so', async () => {
    const edge = create('edge');
    const opening = edge.open();
    await vi.waitFor(() => expect(warnings()[0]).toContain('waiting for the stream'), 5_000);
    expect((await fixture.api('STREAM.INFO.KV_tidings')).error).toBeDefined();
    await Promise.all(['ingest', 'hub', 'hub'].map((role) => create(role as ClusterRole).open()));
    await opening;
    expect(edge.inTouch).toBe(true);
    expect(compareConfig(STATE_PLAN.toConfig(1), await configOf())).toEqual({ faults: [], warnings: [] });
  });

  it('is one that tools for key-value buckets can look into', async () => {
    const hub = create('hub');
    await hub.open();
    await hub.state.put('a.b', 'value', 60);
    const bucket = await fixture.admin.jetstream().views.kv('tidings', { bindOnly: true });
    expect((await bucket.get('a.b'))?.string()).toBe('value');
    await bucket.put('a.c', 'theirs');
    expect(await hub.state.take('a.c')).toBe('theirs');
    expect((await bucket.get('a.c'))?.operation).toBe('DEL');
    await bucket.delete('a.b');
    expect(await hub.state.take('a.b')).toBeUndefined();
  });

  it.each([
    ['allow_msg_ttl', { allow_msg_ttl: false }],
    ['allow_direct', { allow_direct: false }],
    ['republish', { republish: undefined }],
    ['republish', { republish: { src: '$KV.tidings.>', dest: 'ctl.state.>' } }],
  ])('is refused where it could not work: %s', async (field, change) => {
    await fixture.api('STREAM.CREATE.KV_tidings', { ...STATE_PLAN.toConfig(1), ...change });
    const before = await configOf();
    const opening = create('edge').open();
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await opening.catch(({ problems }: ConfigurationError) =>
      expect(problems).toEqual([expect.stringContaining(`KV_tidings.${field} is `)]),
    );
    expect(await configOf()).toEqual(before);
  });

  it('is warned of where one header could erase it', async () => {
    await fixture.api('STREAM.CREATE.KV_tidings', { ...STATE_PLAN.toConfig(1), allow_rollup_hdrs: true });
    await create('hub').open();
    expect(warnings()).toEqual(['KV_tidings.allow_rollup_hdrs is true, and would be created as false']);
  });

  it('is set up by an operator, and found by the next', async () => {
    const { server, metrics } = fixture;
    const log = createLogger('test', 'silent');
    const limits = { maxBytes: 1_000_000, maxAgeMs: 60_000 };
    const options = { servers: [server.url], role: 'operator' as const, ...limits, log, metrics };
    expect(await setUpStream(options, STATE_PLAN)).toMatchObject({ created: true, replicas: 1, differences: [] });
    expect(await setUpStream(options, STATE_PLAN)).toMatchObject({ created: false, replicas: 1, differences: [] });
  });
});
