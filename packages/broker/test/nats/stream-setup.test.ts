import { setUpStream } from '@tidings/broker/nats';
import { ConfigurationError, createLogger } from '@tidings/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRecordingSink, eventOf } from '../../src/contract/fixture.ts';
import type { StreamConfig } from '../../src/nats/jetstream-api.ts';
import { compareConfig, toStreamConfig } from '../../src/nats/stream-config.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  await fixture.deleteStream();
  fixture.lines.length = 0;
});

const LIMITS = { maxBytes: 64_000_000, maxAgeMs: 3_600_000 };
const configOf = async (): Promise<StreamConfig> => (await fixture.api('STREAM.INFO.EVT_0')).config as StreamConfig;
const warnings = (): string[] => fixture.lines.filter(({ level }) => level === 40).map(({ msg }) => `${msg}`);

function create(...[role, change]: Parameters<NatsFixture['create']>) {
  const broker = fixture.create(role, change);
  onTestFinished(() => broker.close());
  return broker;
}

/** Makes a stream that differs from what would be created. */
async function make(change: Record<string, unknown>): Promise<StreamConfig> {
  const answer = await fixture.api('STREAM.CREATE.EVT_0', { ...toStreamConfig(LIMITS, 1), ...change });
  expect(answer.error).toBeUndefined();
  return configOf();
}

describe('the stream', () => {
  it('is created where it is missing, as it would be compared with', async () => {
    const broker = create('ingest');
    await broker.open();
    const found = await configOf();
    expect(compareConfig(toStreamConfig(LIMITS, 1), found)).toEqual({ faults: [], warnings: [] });
    expect(found.metadata?.['tidings.epoch']).toBe(broker.epoch);
    expect(found).toMatchObject({ num_replicas: 1, max_bytes: 64_000_000, max_age: 3.6e12, deny_delete: true });
    expect(warnings()).toEqual([]);
  });

  it('is taken as the first has made it, by all who come to make it at the same time', async () => {
    const brokers = Array.from({ length: 6 }, (_, at) => create(at % 2 === 0 ? 'ingest' : 'hub'));
    await Promise.all(brokers.map((broker) => broker.open()));
    const epoch = (await configOf()).metadata?.['tidings.epoch'];
    expect(brokers.map((broker) => broker.epoch)).toEqual(brokers.map(() => epoch));
    expect(warnings()).toEqual([]);
  });

  it.each([
    ['retention', { retention: 'interest' }],
    ['allow_direct', { allow_direct: false }],
    ['allow_msg_ttl', { allow_msg_ttl: false }],
    ['republish', { republish: undefined }],
    ['republish', { republish: { src: 'evt.0.>', dest: 'live.0.>', headers_only: true } }],
    ['subjects', { subjects: ['evt.0.>', 'more.>'] }],
  ])('is refused where nothing would work with it: %s', async (field, change) => {
    const before = await make(change);
    for (const role of ['ingest', 'edge', 'hub'] as const) {
      const opening = create(role).open();
      await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
      await opening.catch(({ problems }: ConfigurationError) => {
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain(`EVT_0.${field} is `);
      });
    }
    expect(await configOf()).toEqual(before);
  });

  it('is warned of once for each difference, and never changed', async () => {
    const before = await make({ max_bytes: 32_000_000, max_age: 60e9, duplicate_window: 30e9, deny_delete: false });
    const broker = create('ingest');
    await broker.open();
    expect(warnings().map((text) => text.split(' ')[0])).toEqual([
      'EVT_0.max_bytes',
      'EVT_0.max_age',
      'EVT_0.duplicate_window',
      'EVT_0.deny_delete',
    ]);
    await broker.publish(eventOf('a', 'x'));
    expect(await configOf()).toEqual(before);
  });

  it('is not an edge’s to judge: its own limits say nothing', async () => {
    const before = await make({ max_bytes: 32_000_000 });
    const broker = create('edge');
    await broker.open();
    expect(warnings()).toEqual([]);
    expect(await configOf()).toEqual(before);
  });

  it('of more copies than a single server can hold is refused, with what the server says', async () => {
    const opening = create('ingest', { replicas: 3 }).open();
    await expect(opening).rejects.toBeInstanceOf(ConfigurationError);
    await opening.catch(({ problems }: ConfigurationError) => expect(problems[0]).toContain('EVT_0'));
    expect((await fixture.api('STREAM.INFO.EVT_0')).error).toMatchObject({ code: 404 });
  });

  it('is warned of where it has fewer copies than were asked for', async () => {
    await make({});
    await create('ingest', { replicas: 3 }).open();
    expect(warnings()).toEqual(['EVT_0.num_replicas is 1, and would be created as 3']);
  });

  it('is waited for by an edge, which never makes it, and who goes on as soon as it appears', async () => {
    const edge = create('edge');
    const opened = edge.open();
    await vi.waitFor(() => expect(warnings()).toEqual([expect.stringContaining('waiting for the stream')]), 3_000);
    expect((await fixture.api('STREAM.INFO.EVT_0')).error).toMatchObject({ code: 404 });
    expect(edge.health()).toMatchObject({ live: true, ready: false });
    const ingest = create('ingest');
    await ingest.open();
    await opened;
    expect(edge.epoch).toBe(ingest.epoch);
    const sink = createRecordingSink();
    await edge.openFeed(sink);
    await ingest.publish(eventOf('a', 'x'));
    await sink.received(1);
    expect(warnings()).toHaveLength(1);
  });

  it('is no longer waited for once the broker is closed', async () => {
    const edge = create('edge');
    const opening = edge.open().then(
      () => undefined,
      (error: unknown) => error,
    );
    await vi.waitFor(() => expect(warnings()).toHaveLength(1), 3_000);
    const begunMs = performance.now();
    await edge.close();
    expect(await opening).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - begunMs).toBeLessThan(1_000);
  });

  it('is set up by an operator, who is told what is there and what differs', async () => {
    const options = {
      ...LIMITS,
      servers: [fixture.server.url],
      role: 'operator' as const,
      log: createLogger('test', 'debug', { write() {} }),
      metrics: fixture.metrics,
    };
    const first = await setUpStream(options);
    expect(first).toEqual({
      created: true,
      epoch: expect.stringMatching(/^[0-9a-z]{8}$/),
      replicas: 1,
      differences: [],
    });
    const second = await setUpStream({ ...options, maxBytes: 1_000_000 });
    expect(second).toMatchObject({ created: false, epoch: first.epoch });
    expect(second.differences).toEqual(['EVT_0.max_bytes is 64000000, and would be created as 1000000']);
    expect(await configOf()).toMatchObject({ max_bytes: 64_000_000 });
    const { connections } = (await (await fetch(`${fixture.server.monitorUrl}/connz`)).json()) as {
      connections: { name?: string }[];
    };
    expect(connections.filter(({ name }) => name?.includes('operator'))).toEqual([]);
  });
});
