import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createNatsCluster, RECORD_PLAN, STATE_PLAN, setUpStream } from '@tidings/broker/nats';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics } from '@tidings/runtime';
import { connect, headers, type NatsConnection } from 'nats';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Cluster, ClusterRole } from '../src/cluster-port.ts';

const ROLES_FILE = fileURLToPath(new URL('../../../deploy/nats/roles.conf', import.meta.url));
const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'] as const;
const passwordOf = (role: string): string => `p${role}1`;

const lines: Record<string, unknown>[] = [];
const log = createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) });
const metrics = createMetrics();
let server: NatsServer;
let operator: NatsConnection;
let edge: NatsConnection;

/** The bare connection of somebody who has a role's password. */
const enter = (role: string): Promise<NatsConnection> =>
  connect({ servers: server.url, user: role, pass: passwordOf(role), inboxPrefix: `_INBOX_${role}`, reconnect: false });

const accessOf = (role: (typeof ROLES)[number]) => ({
  servers: [server.url],
  user: role,
  password: passwordOf(role),
  log,
  metrics,
});

function create(role: ClusterRole): Cluster {
  const cluster = createNatsCluster({ ...accessOf(role), role });
  onTestFinished(() => cluster.close());
  return cluster;
}

beforeAll(async () => {
  const env = Object.fromEntries(ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, passwordOf(role)]));
  server = await startNatsServer({ config: readFileSync(ROLES_FILE, 'utf8'), env });
  operator = await enter('operator');
  edge = await enter('edge');
  const limits = { maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
  for (const plan of [STATE_PLAN, RECORD_PLAN])
    await setUpStream({ ...accessOf('operator'), role: 'operator', ...limits }, plan);
});
afterAll(async () => {
  await Promise.all([operator?.close(), edge?.close()]);
  await server?.remove();
});
beforeEach(async () => {
  await operator.request('$JS.API.STREAM.PURGE.KV_tidings');
});

const bucket = async (): Promise<Record<string, unknown>> =>
  (await operator.request('$JS.API.STREAM.INFO.KV_tidings')).json();

test('clusters of all roles work together: they ask, tell and share, and two edges take an entry once', async () => {
  const roles = ['edge', 'edge', 'ingest', 'hub'] as const;
  const members = roles.map(create);
  const told: string[] = [];
  const heard: string[] = [];
  for (const [at, member] of members.entries()) {
    member.answer('role', (_body, _from, role) => `${roles[at]} by ${role}`);
    member.hear('news', (body, _from, role) => heard.push(`${roles[at]} ${body} of ${role}`));
    for (const prefix of ['revoked', 'quota'])
      member.state.follow(prefix, ({ key, value }) => told.push(`${roles[at]} ${key} ${value}`));
  }
  await Promise.all(members.map((member) => member.open()));
  const [one, two, , hub] = members as [Cluster, Cluster, Cluster, Cluster];
  for (const [at, member] of members.entries()) {
    expect((await member.askAll('role', null)).sort()).toEqual(
      ['edge', 'edge', 'hub', 'ingest'].map((role) => `${role} by ${roles[at]}`),
    );
    expect(await member.ask(one.id, 'role', null)).toBe(`edge by ${roles[at]}`);
    expect(await one.ask(member.id, 'role', null)).toBe(`${roles[at]} by edge`);
    member.tell('news', at);
    await expect.poll(() => heard.length).toBe(4);
    expect(heard.splice(0).sort()).toEqual(
      ['edge', 'edge', 'hub', 'ingest'].map((role) => `${role} ${at} of ${roles[at]}`),
    );
    // Each writes what is its own to write.
    const key = `${roles[at] === 'ingest' ? 'quota' : 'revoked'}.${at}`;
    const revision = await member.state.put(key, 'x', 60);
    await Promise.all(members.map((other) => other.state.reach(revision)));
    expect([...new Set(told.splice(0))].sort()).toEqual(['edge', 'hub', 'ingest'].map((role) => `${role} ${key} x`));
  }
  await hub.state.put('ticket.1', 'grant', 60);
  const taken = await Promise.all(Array.from({ length: 10 }, (_, at) => [one, two][at % 2]?.state.take('ticket.1')));
  expect(taken.filter((value) => value !== undefined)).toEqual(['grant']);
  await one.state.put('ticket.2', 'other', 60);
  expect(await hub.state.take('ticket.2')).toBe('other');
  const late = create('ingest');
  const before: string[] = [];
  for (const prefix of ['revoked', 'quota']) late.state.follow(prefix, ({ key }) => before.push(key));
  await late.open();
  expect([...new Set(before)].sort()).toEqual(['quota.2', 'revoked.0', 'revoked.1', 'revoked.3']);
});

test('the answer to a read that an edge has sent to others as the word of a hub is not believed', async () => {
  const victim = create('edge');
  const heard: unknown[] = [];
  victim.hear('news', (body, from, role) => heard.push([body, from, role]));
  await victim.open();
  const forged = JSON.stringify({ from: '00000000', body: 'forged' });
  const read = JSON.stringify({ last_by_subj: '$KV.tidings.ticket.forged' });
  const reached: string[] = [];
  edge.subscribe('ctl.node.hub.tell.*', { callback: (_error, { subject }) => void reached.push(subject) });
  await edge.request('$KV.tidings.ticket.forged', forged);
  for (const api of ['DIRECT.GET', 'STREAM.MSG.GET', 'STREAM.INFO'])
    edge.publish(`$JS.API.${api}.KV_tidings`, read, { reply: 'ctl.node.hub.tell.news' });
  edge.publish('$KV.tidings.ticket.forged', forged, { reply: 'ctl.node.hub.tell.news' });
  // They do come there, for the server looks only at who asks.
  await expect.poll(() => reached).toHaveLength(4);
  const hub = create('hub');
  await hub.open();
  hub.tell('news', 'true');
  await expect.poll(() => heard).toHaveLength(1);
  expect(heard).toEqual([['true', hub.id, 'hub']]);
});

test('an edge keeps what a user has read, the hub reads and changes it, and an ingest removes it', async () => {
  const [one, hub, ingest] = [create('edge'), create('hub'), create('ingest')];
  await Promise.all([one, hub, ingest].map((member) => member.open()));
  expect(await one.records.replace('inbox.a', 'read', 60, 0)).toBe(true);
  const { value, revision } = await hub.records.get('inbox.a');
  expect(value).toBe('read');
  expect(await hub.records.replace('inbox.a', 'more', 60, revision)).toBe(true);
  expect((await one.records.get('inbox.a')).value).toBe('more');
  await ingest.records.remove('inbox.a');
  expect((await one.records.get('inbox.a')).value).toBeUndefined();
  expect(lines.filter(({ stream }) => stream === RECORD_PLAN.name)).toEqual([]);
});

test('what an edge says as another role is refused by the server', async () => {
  const hub = create('hub');
  const heard: unknown[] = [];
  hub.hear('news', (body) => heard.push(body));
  hub.answer('who', () => 'hub');
  await hub.open();
  const said = JSON.stringify({ from: hub.id, body: 'forged', count: 1, names: [], leaving: true });
  for (const role of ['ingest', 'hub']) {
    for (const target of ['tell.news', `beat.${hub.id}`]) edge.publish(`ctl.node.${role}.${target}`, said);
  }
  // In its own name it may say the same of somebody else, and is not believed.
  edge.publish(`ctl.node.edge.beat.${hub.id}`, said);
  await edge.flush();
  expect(await hub.askAll('who', null)).toEqual(['hub']);
  await hub.state.reach(await hub.state.put('revoked.b', 'c', 60));
  expect(heard).toEqual([]);
});

test('an edge can not erase the bucket by a header, nor have answers written to it that it could not write itself', async () => {
  const keep = headers();
  keep.set('Nats-TTL', '60s');
  const seq = (await edge.request('$KV.tidings.revoked.keep', 'x', { headers: keep, timeout: 2_000 })).json<{
    seq: number;
  }>().seq;
  for (const scope of ['all', 'sub']) {
    const rollup = headers();
    rollup.set('Nats-Rollup', scope);
    const answer = (await edge.request('$KV.tidings.revoked.other', '', { headers: rollup, timeout: 2_000 })).json<{
      error?: object;
    }>();
    expect(answer.error).toBeDefined();
  }
  for (const method of ['STREAM.PURGE', 'STREAM.DELETE', 'STREAM.UPDATE', 'STREAM.MSG.DELETE'])
    edge.publish(`$JS.API.${method}.KV_tidings`, JSON.stringify({ name: 'KV_tidings', seq }));
  await edge.flush();
  const { state } = (await bucket()) as { state: { messages: number; last_seq: number } };
  expect(state).toMatchObject({ messages: 1, last_seq: seq });
  // The stream of events has no import of this account that an answer could take.
  edge.publish('$JS.API.DIRECT.GET.KV_tidings', JSON.stringify({ seq }), { reply: 'evt.0.default.forged' });
  edge.publish('$JS.API.DIRECT.GET.KV_tidings', JSON.stringify({ seq }), { reply: '$JS.API.STREAM.PURGE.KV_tidings' });
  await edge.flush();
  await pause(50);
  expect((await bucket()).state).toEqual(state);
});
