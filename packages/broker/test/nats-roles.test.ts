import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createNatsBroker, SCHEDULES_PLAN } from '@tidings/broker/nats';
import { findNatsServer, type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { type ConnectionOptions, connect, Events, headers, type Msg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { eventOf } from '../src/contract/fixture.ts';

const DEPLOYMENT = fileURLToPath(new URL('../../../deploy/nats/', import.meta.url));
const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'] as const;
type Role = (typeof ROLES)[number];

const passwordVariable = (role: Role): string => `NATS_${role.toUpperCase()}_PASSWORD`;
const PASSWORDS = Object.fromEntries(ROLES.map((role) => [role, `p${role}1`])) as Record<Role, string>;
const ENV = Object.fromEntries(ROLES.map((role) => [passwordVariable(role), PASSWORDS[role]]));

/** Refusals come before the answer to a flush, but the client tells them a turn later. */
const SOON = { interval: 2 };

/** The stream of events, on one server. */
const STREAM = {
  name: 'EVT_0',
  subjects: ['evt.0.>'],
  retention: 'limits',
  storage: 'file',
  num_replicas: 1,
  discard: 'old',
  max_msg_size: 1_048_576,
  duplicate_window: 120_000_000_000,
  allow_direct: true,
  allow_msg_ttl: true,
  allow_rollup_hdrs: true,
  allow_atomic: true,
  deny_delete: true,
  republish: { src: 'evt.0.>', dest: 'live.0.>' },
  metadata: { 'tidings.epoch': 'roletest' },
};

/** A role's own connection, with what the server refused it. */
interface Actor {
  readonly client: NatsConnection;
  readonly refused: string[];
  /** One call to the API of JetStream. */
  call(method: string, body?: object): Promise<Record<string, unknown>>;
}

let server: NatsServer;
const actors = {} as Record<Role, Actor>;

const enter = (options: ConnectionOptions): Promise<NatsConnection> =>
  connect({ servers: server.url, reconnect: false, timeout: 2_000, ...options });

async function act(role: Role): Promise<Actor> {
  const client = await enter({ user: role, pass: PASSWORDS[role], inboxPrefix: `_INBOX_${role}` });
  const refused: string[] = [];
  void (async () => {
    for await (const { type, permissionContext } of client.status()) {
      if (type === Events.Error) refused.push(`${permissionContext?.operation} ${permissionContext?.subject}`);
    }
  })();
  const call: Actor['call'] = async (method, body) =>
    (await client.request(`$JS.API.${method}`, body === undefined ? '' : JSON.stringify(body))).json();
  return { client, refused, call };
}

beforeAll(async () => {
  server = await startNatsServer({ config: readFileSync(`${DEPLOYMENT}roles.conf`, 'utf8'), env: ENV });
  for (const role of ROLES) actors[role] = await act(role);
  expect((await actors.operator.call('STREAM.CREATE.EVT_0', STREAM)).error).toBeUndefined();
  const schedules = await actors.operator.call('STREAM.CREATE.SCHEDULES', SCHEDULES_PLAN.toConfig(1));
  expect(schedules.error).toBeUndefined();
});
afterAll(async () => {
  await Promise.all(Object.values(actors).map(({ client }) => client.close()));
  await server?.remove();
});

/** Stores an event as ingest does. */
async function publish({ client }: Actor, subject: string, data: string): Promise<number> {
  const set = headers();
  set.set('Td-Event', 'status');
  const receipt = (await client.request(subject, data, { headers: set, timeout: 2_000 })).json<{ seq: number }>();
  return receipt.seq;
}

/** Everything that comes by a subject, once the server has taken the subscription. */
async function listen({ client }: Actor, subject: string): Promise<Msg[]> {
  const heard: Msg[] = [];
  client.subscribe(subject, { callback: (error, message) => void (error ?? heard.push(message)) });
  await client.flush();
  return heard;
}

const state = async (): Promise<Record<string, unknown>> => {
  const { state } = await actors.operator.call('STREAM.INFO.EVT_0');
  return state as Record<string, unknown>;
};

describe('who gets in', () => {
  test.each<[string, ConnectionOptions]>([
    ['nobody without a name', {}],
    ['no role with a wrong password', { user: 'edge', pass: 'wrong' }],
    ['no role with the password of another', { user: 'operator', pass: PASSWORDS.edge }],
    ['no role without a password', { user: 'hub' }],
    ['no stranger', { user: 'admin', pass: PASSWORDS.operator }],
  ])('%s', async (_who, options) => {
    await expect(enter(options)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });

  test('and a server with a password left out does not start', async () => {
    const { NATS_EDGE_PASSWORD: _, ...env } = ENV;
    const config = readFileSync(`${DEPLOYMENT}roles.conf`, 'utf8');
    await expect(startNatsServer({ config, env })).rejects.toThrow(/'NATS_EDGE_PASSWORD' .*can not be found/);
  });
});

describe.each(['ingest', 'hub'] as const)('%s does the work of ingest', (role) => {
  test('it stores events, sends those that are not stored, sees the stream, hears from the edges and erases', async () => {
    const live = await listen(actors.edge, `live.0.${role}.>`);
    const passing = await listen(actors.edge, `eph.0.${role}.>`);
    const told = await listen(actors[role], 'ctl.edge.>');
    expect(await publish(actors[role], `evt.0.${role}.orders`, 'packed')).toBeGreaterThan(0);
    actors[role].client.publish(`eph.0.${role}.typing`, 'now');
    actors.edge.client.publish('ctl.edge.alive', role);
    await expect
      .poll(() => [live, passing, told].map((heard) => heard.map((m) => m.string())))
      .toEqual([['packed'], ['now'], [role]]);
    expect((await actors[role].call('STREAM.INFO.EVT_0')).config).toMatchObject({ name: 'EVT_0' });
    const purged = await actors[role].call('STREAM.PURGE.EVT_0', { filter: `evt.0.${role}.>` });
    expect(purged).toMatchObject({ success: true, purged: 1 });
  });

  test('it keeps events until their time, publishes and cancels them', async () => {
    const live = await listen(actors.edge, `live.0.timed-${role}.>`);
    const broker = createNatsBroker({
      servers: [server.url],
      role,
      user: role,
      password: PASSWORDS[role],
      maxBytes: 1_000_000,
      maxAgeMs: 3_600_000,
      log: createLogger('test', 'silent'),
      metrics: createMetrics(),
    });
    onTestFinished(() => broker.close());
    await broker.open();
    const tenant = `timed-${role}`;
    await broker.schedules.put(eventOf('orders', 'packed', { tenant }), Date.now() + 100);
    const { id } = await broker.schedules.put(eventOf('orders', 'never', { tenant }), Date.now() + 3_600_000);
    expect(await broker.schedules.cancel(tenant, id)).toBe(true);
    await expect.poll(() => live.map((m) => m.string())).toEqual(['packed']);
    await broker.purge({ tenant, patterns: ['>'] });
    expect(actors[role].refused).toEqual([]);
  });
});

describe.each(['edge', 'hub'] as const)('%s does the work of an edge', (role) => {
  test('it hears events live, reads them from history, sees the stream and tells that it lives', async () => {
    const live = await listen(actors[role], `live.0.for-${role}.>`);
    const passing = await listen(actors[role], `eph.0.for-${role}.>`);
    const told = await listen(actors.ingest, 'ctl.edge.*');
    const seq = await publish(actors.ingest, `evt.0.for-${role}.orders`, 'packed');
    actors.ingest.client.publish(`eph.0.for-${role}.typing`, 'now');
    actors[role].client.publish('ctl.edge.alive', role);
    await expect
      .poll(() => [live, passing, told].map((heard) => heard.map((m) => m.string())))
      .toEqual([['packed'], ['now'], [role]]);
    const direct = await actors[role].client.request('$JS.API.DIRECT.GET.EVT_0', JSON.stringify({ seq }));
    expect(direct.string()).toBe('packed');
    const { message } = await actors[role].call('STREAM.MSG.GET.EVT_0', { seq });
    expect(message).toMatchObject({ seq, data: Buffer.from('packed').toString('base64') });
    expect((await actors[role].call('STREAM.INFO.EVT_0')).config).toMatchObject({ name: 'EVT_0' });
  });
});

test('the operator makes, inspects, changes and erases, hears what the stream tells about itself, and reads what is stored', async () => {
  const { call } = actors.operator;
  const advisories = await listen(actors.operator, '$JS.EVENT.ADVISORY.>');
  const seq = await publish(actors.ingest, 'evt.0.operator.orders', 'packed');
  expect((await call('STREAM.MSG.GET.EVT_0', { seq })).message).toMatchObject({ seq });
  expect((await call('STREAM.UPDATE.EVT_0', { ...STREAM, max_age: 3_600_000_000_000 })).error).toBeUndefined();
  await expect
    .poll(() => advisories.map(({ subject }) => subject))
    .toContain('$JS.EVENT.ADVISORY.STREAM.UPDATED.EVT_0');
  expect((await call('STREAM.CREATE.SPARE', { name: 'SPARE', subjects: ['spare'] })).error).toBeUndefined();
  expect(await call('STREAM.DELETE.SPARE')).toMatchObject({ success: true });
});

/** The rest of JetStream's API: what alters the stream, copies it out or reads it through a consumer. */
const ADMINISTRATION = [
  'STREAM.CREATE.OTHER',
  'STREAM.UPDATE.EVT_0',
  'STREAM.DELETE.EVT_0',
  'STREAM.MSG.DELETE.EVT_0',
  'STREAM.SNAPSHOT.EVT_0',
  'STREAM.RESTORE.EVT_0',
  'STREAM.LEADER.STEPDOWN.EVT_0',
  'STREAM.NAMES',
  'STREAM.LIST',
  'STREAM.INFO.OTHER',
  'STREAM.PURGE.OTHER',
  'STREAM.MSG.GET.OTHER',
  'DIRECT.GET.OTHER',
  'STREAM.CREATE.SCHEDULES',
  'STREAM.UPDATE.SCHEDULES',
  'STREAM.DELETE.SCHEDULES',
  'CONSUMER.CREATE.SCHEDULES.spy',
  'STREAM.CREATE.KV_tidings',
  'STREAM.UPDATE.KV_tidings',
  'STREAM.DELETE.KV_tidings',
  'STREAM.PURGE.KV_tidings',
  'STREAM.MSG.DELETE.KV_tidings',
  'CONSUMER.CREATE.KV_tidings.spy',
  'STREAM.PURGE.KV_tidings_records',
  'STREAM.MSG.DELETE.KV_tidings_records',
  'DIRECT.GET.KV_tidings_records',
  'CONSUMER.CREATE.EVT_0',
  'CONSUMER.CREATE.EVT_0.spy.evt.0.>',
  'CONSUMER.DURABLE.CREATE.EVT_0.spy',
  'CONSUMER.MSG.NEXT.EVT_0.spy',
  'META.LEADER.STEPDOWN',
  'ACCOUNT.PURGE.TIDINGS',
]
  .map((method) => `$JS.API.${method}`)
  .concat('$JS.SNAPSHOT.ACK.EVT_0.a', '$JS.SNAPSHOT.RESTORE.EVT_0.a');
const HISTORY = ['$JS.API.DIRECT.GET.EVT_0', '$JS.API.DIRECT.GET.EVT_0.evt.0.a', '$JS.API.STREAM.MSG.GET.EVT_0'];
const ELSEWHERE = [
  'evt.1.a',
  'eph.1.a',
  'live.0.a',
  'other',
  'due.default.id.a',
  'wake.a',
  '$SYS.REQ.SERVER.PING',
  '$KV.keys.a',
  '$KV.tidings_records.other.a',
  'ctl.state.a',
  'ctl.node.other.tell.a',
  '$JS.ACK.EVT_0.spy',
];
const INBOXES = [...ROLES.map((role) => `_INBOX_${role}`), '_INBOX'];

const REFUSED: Record<Role, { publish: string[]; subscribe: string[] }> = {
  ingest: {
    publish: [
      ...ADMINISTRATION,
      ...HISTORY,
      ...ELSEWHERE,
      'ctl.edge.a',
      'ctl.node.edge.tell.a',
      'ctl.node.hub.tell.a',
      '$KV.tidings.ticket.a',
      '$KV.tidings.revoked.a',
      '$JS.API.STREAM.MSG.GET.KV_tidings_records',
    ],
    subscribe: [
      '$KV.tidings_records.>',
      'evt.0.>',
      'live.0.>',
      'eph.0.>',
      'idx.0',
      'live.0.a',
      '$KV.tidings.>',
      'sch.>',
      'due.>',
      '$JS.EVENT.ADVISORY.>',
    ],
  },
  edge: {
    publish: [
      ...ADMINISTRATION,
      ...ELSEWHERE,
      'evt.0.a',
      'eph.0.a',
      'idx.0',
      'sch.default.id.a',
      '$JS.API.STREAM.PURGE.EVT_0',
      '$JS.API.STREAM.INFO.SCHEDULES',
      '$JS.API.STREAM.PURGE.SCHEDULES',
      '$JS.API.DIRECT.GET.SCHEDULES',
      '$JS.API.STREAM.MSG.GET.SCHEDULES',
      'ctl.edge.a.b',
      'ctl.node.ingest.tell.a',
      'ctl.node.hub.tell.a',
      'ctl.node.hub.beat.a',
      'ctl.node.ingest.answer.a',
      '$KV.tidings.quota.a',
      'hook.job.a',
      'hook.open.a',
      'hook.dead.a',
      '$JS.API.CONSUMER.MSG.NEXT.HOOKS.fact',
      '$JS.API.STREAM.INFO.HOOKS',
    ],
    subscribe: [
      '$KV.tidings.>',
      '$KV.tidings_records.>',
      'wake.>',
      'sch.>',
      'ctl.>',
      'evt.0.>',
      'evt.0.a',
      'live.>',
      'eph.>',
      'ctl.edge.>',
      '$JS.EVENT.ADVISORY.>',
    ],
  },
  hub: {
    publish: [...ADMINISTRATION, ...ELSEWHERE, 'ctl.edge.a.b', 'ctl.node.edge.tell.a', 'ctl.node.ingest.tell.a'],
    subscribe: ['$KV.tidings.>', 'evt.0.>', 'evt.0.a', 'live.>', 'eph.>', 'ctl.>', '$JS.EVENT.ADVISORY.>'],
  },
  webhooks: {
    publish: [
      ...ADMINISTRATION,
      ...HISTORY,
      ...ELSEWHERE,
      'evt.0.a',
      'eph.0.a',
      'idx.0',
      '$JS.API.STREAM.PURGE.EVT_0',
      '$JS.API.STREAM.PURGE.HOOKS',
      '$JS.API.STREAM.DELETE.HOOKS_OPEN',
      '$JS.API.CONSUMER.CREATE.EVT_0.hooks-personal',
      '$JS.API.CONSUMER.CREATE.EVT_0.hooks-personal.evt.0.>',
      'ctl.edge.a',
      'ctl.node.edge.tell.a',
      'ctl.node.hub.tell.a',
      '$KV.tidings.ticket.a',
    ],
    subscribe: ['$KV.tidings.>', 'evt.0.>', 'live.0.>', 'eph.0.>', 'ctl.edge.>', 'hook.>', '$JS.EVENT.ADVISORY.>'],
  },
  operator: {
    publish: [...ELSEWHERE, 'evt.0.a', 'eph.0.a', 'idx.0', 'ctl.edge.a', 'ctl.node.hub.tell.a', '$KV.tidings.a'],
    subscribe: ['ctl.node.>', 'ctl.state.>', 'evt.0.>', 'live.0.>', 'eph.0.>', 'ctl.edge.>'],
  },
};

describe.each(ROLES)('%s can do nothing else', (role) => {
  test.each(REFUSED[role].publish)('it may not publish to %s', async (subject) => {
    const { client, refused } = actors[role];
    const before = await state();
    client.publish(subject, '{}');
    await client.flush();
    await expect.poll(() => refused, SOON).toContain(`publish ${subject}`);
    expect(await state()).toEqual(before);
  });

  const foreign = INBOXES.filter((inbox) => inbox !== `_INBOX_${role}`).map((inbox) => `${inbox}.>`);
  const wide = ['>', '*.0.>', '$JS.>', '$JS.API.>', '$SYS.>'];
  test.each([...REFUSED[role].subscribe, ...foreign, ...wide])('it may not subscribe to %s', async (subject) => {
    const { client, refused } = actors[role];
    client.subscribe(subject, { callback: () => undefined });
    client.subscribe(subject, { queue: 'spies', callback: () => undefined });
    await client.flush();
    await expect.poll(() => refused.filter((each) => each === `subscription ${subject}`), SOON).toHaveLength(2);
  });
});

// The server checks who may ask, and not where the answer is to go: whoever may ask names a subject for it.
describe('an answer that an edge has sent elsewhere', () => {
  /** Asks for it in each way that an edge has. */
  async function lead(seq: number, target: string): Promise<void> {
    const { client, call } = actors.edge;
    client.publish('$JS.API.DIRECT.GET.EVT_0', JSON.stringify({ seq }), { reply: target });
    client.publish('$JS.API.STREAM.MSG.GET.EVT_0', JSON.stringify({ seq }), { reply: target });
    client.publish('$JS.API.STREAM.INFO.EVT_0', '', { reply: target });
    // What was asked for before is answered before.
    await client.request('$JS.API.DIRECT.GET.EVT_0', JSON.stringify({ seq }));
    await call('STREAM.MSG.GET.EVT_0', { seq });
    await call('STREAM.INFO.EVT_0');
    await settled();
  }

  /** Whatever an answer could set off passes the same servers and threads as this. */
  async function settled(): Promise<void> {
    for (let round = 0; round < 20; round++) await actors.operator.call('STREAM.INFO.EVT_0');
  }

  test('is never stored, for any event could be had under any topic', async () => {
    const seq = await publish(actors.ingest, 'evt.0.true.orders', 'packed');
    const before = await state();
    await lead(seq, 'evt.0.forged.orders');
    expect(await state()).toEqual(before);
  });

  test('never reaches the API, for any event could be a command', async () => {
    const seq = await publish(actors.ingest, 'evt.0.harmful.purge', '{}');
    const made = await publish(actors.ingest, 'evt.0.harmful.make', '{"name":"MADE","subjects":["made"]}');
    const empty = await publish(actors.ingest, 'evt.0.harmful.delete', '');
    const before = await state();
    await lead(seq, '$JS.API.STREAM.PURGE.EVT_0');
    await lead(made, '$JS.API.STREAM.CREATE.MADE');
    await lead(empty, '$JS.API.STREAM.DELETE.EVT_0');
    expect(await state()).toEqual(before);
    expect(await actors.operator.call('STREAM.INFO.MADE')).toMatchObject({ error: { code: 404 } });
  });

  test('reaches no inbox but those of edges, and comes to live.> with another subject in its headers or none', async () => {
    const heard = await Promise.all(
      (['ingest', 'hub', 'operator'] as const).map((role) => listen(actors[role], `_INBOX_${role}.lured`)),
    );
    const live = await listen(actors.edge, 'live.0.forged.>');
    const atHub = await listen(actors.hub, 'live.0.forged.>');
    const seq = await publish(actors.ingest, 'evt.0.true.orders', 'packed');
    for (const role of ['ingest', 'hub', 'operator']) await lead(seq, `_INBOX_${role}.lured`);
    await lead(seq, 'live.0.forged.orders');
    expect([...heard, atHub].flat()).toEqual([]);
    // Among edges nothing forbids it: they have to look at what the server wrote.
    await expect.poll(() => live).toHaveLength(3);
    const named = live.map(({ headers }) => headers?.last('Nats-Subject') ?? '');
    expect(named.sort()).toEqual(['', '', 'evt.0.true.orders']);
  });
});

test.each(['server.conf', 'leaf.conf'])('%s is one that nats-server takes', async (file) => {
  const numbered = (name: string, value: string): [string, string][] =>
    [1, 2, 3].map((n) => [`NATS_${name}_${n}`, value.replace('#', `${n}`)]);
  const env = {
    ...ENV,
    NATS_SERVER_NAME: 'nats-1',
    NATS_STORE_DIR: '/var/lib/nats',
    NATS_ROUTE_PASSWORD: 'proute1',
    ...Object.fromEntries(numbered('ROUTE', 'nats://route:proute1@nats-#:6222')),
    ...Object.fromEntries(numbered('HUB', 'nats://edge:pedge1@nats-#:7422')),
  };
  const binary = await findNatsServer();
  const check = ['-t', '-c', `${DEPLOYMENT}${file}`];
  expect(() => execFileSync(binary, check, { env, stdio: 'pipe' })).not.toThrow();
});

test('an edge has the same rights and names at a leaf server as at the others', () => {
  const [atRoles, atLeaf] = ['roles.conf', 'leaf.conf'].map((file) => {
    const [, account = ''] = readFileSync(`${DEPLOYMENT}${file}`, 'utf8').split('\n  EDGES {');
    const lines = account.slice(0, account.indexOf('\n}')).split('\n');
    return lines.map((line) => line.trim()).filter((line) => /^("|user:|password:|subscribe:)/.test(line));
  });
  expect(atRoles).toHaveLength(26);
  expect(atLeaf).toEqual(atRoles);
});
