import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { encodeCursor, parseCursor } from '@tidings/protocol';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { findPublished } from '../../docs/examples/outbox/published.mjs';
import { ROOT } from '../hub-process.ts';
import { type Postgres, startPostgres } from '../postgres.ts';

const EXAMPLE = 'docs/examples/outbox';
const GUIDE = readFileSync(join(ROOT, 'docs/guides/outbox.md'), 'utf8');
const SECRET = 'a secret of this test that is 32 bytes or longer';
const WAIT = { timeout: 60_000, interval: 20 };
const WRITERS = 6;
const CHANGES = 1_200;
const ORDERS = 40;
const MOST_BETWEEN_KILLS = 60;

interface Envelope {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly data: { readonly id: string; readonly state: string };
}

let postgres: Postgres;
let database: pg.Client;
let hub: Hub;
let env: NodeJS.ProcessEnv;
let relay: ChildProcess | undefined;
/** How far the hub's clock is ahead. */
let aheadMs = 0;

const clock = {
  ...systemClock,
  now: () => systemClock.now() + aheadMs,
  elapsed: () => systemClock.elapsed() + aheadMs,
};

beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.connect();
  await database.query(readFileSync(join(ROOT, EXAMPLE, 'schema.sql'), 'utf8'));
}, 120_000);

afterAll(async () => {
  await database?.end();
  await postgres?.stop();
});

beforeEach(() => startSite());

afterEach(async () => {
  await kill();
  await hub.stop();
  await database.query('TRUNCATE orders, outbox');
});

async function startSite(change: Record<string, string> = {}): Promise<void> {
  const settings = loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...change });
  hub = await startHub(settings, createLogger('hub', 'fatal', { write() {} }), clock);
  const mint = (tidings: object): Promise<string> => mintToken(SECRET, { sub: 'shop', tidings }, 86_400, clock);
  env = {
    PATH: process.env.PATH,
    ...postgres.env,
    TIDINGS_URL: hub.url,
    TIDINGS_TOKEN: await mint({ subscribe: ['orders.>'] }),
    TIDINGS_PUBLISH_TOKEN: await mint({ publish: ['orders.>'] }),
  };
}

/** As the guide says it, from the root of the repository. */
function commandOf(program: string): string[] {
  const line = new RegExp(`^node (${EXAMPLE}/${program}.*)$`, 'm').exec(GUIDE)?.[1];
  if (line === undefined) throw new Error(`the guide does not run ${program}`);
  return line.split(' ');
}

function startRelay(): void {
  relay = spawn(process.execPath, commandOf('relay.mjs'), { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function kill(): Promise<void> {
  const child = relay;
  relay = undefined;
  if (child === undefined || child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

async function historyOf(topic: string): Promise<Envelope[]> {
  const all: Envelope[] = [];
  const query = new URLSearchParams({ limit: '1000' });
  while (true) {
    const headers = { authorization: `Bearer ${env.TIDINGS_TOKEN}` };
    const answer = await fetch(new URL(`/v1/topics/${topic}/events?${query}`, hub.url), { headers });
    const { events, next } = (await answer.json()) as { events: Envelope[]; next: string };
    if (events.length === 0) return all;
    all.push(...events);
    query.set('after', next);
  }
}

const rowsLeft = async (): Promise<number> =>
  Number((await database.query('SELECT count(*) FROM outbox')).rows[0].count);

const untilEmpty = (): Promise<void> => vi.waitFor(async () => expect(await rowsLeft()).toBe(0), WAIT);

async function insert(state: string): Promise<string> {
  const text = "INSERT INTO outbox (topic, event, data) VALUES ('orders.1', 'status', $1) RETURNING id";
  return (await database.query(text, [{ state }])).rows[0].id;
}

test('an order that is changed as in the guide tells its change', async () => {
  startRelay();
  await promisify(execFile)(process.execPath, commandOf('order.mjs'), { cwd: ROOT, env });
  await untilEmpty();
  const [, id, state] = commandOf('order.mjs');
  expect(await historyOf(`orders.${id}`)).toMatchObject([{ topic: `orders.${id}`, event: 'status', data: { state } }]);
});

test('each row is published exactly once, in order, while the relay is killed again and again', async () => {
  const committed = new Map<string, string[]>();
  let undone = 0;
  let changes = 0;
  async function writeOrders(): Promise<void> {
    const client = await postgres.connect();
    while (changes < CHANGES) {
      const change = changes++;
      const order = `${Math.floor(Math.random() * ORDERS)}`;
      await client.query('BEGIN');
      const state = `state ${change}`;
      const text = 'INSERT INTO orders VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET state = excluded.state';
      await client.query(text, [order, state]);
      const row = 'INSERT INTO outbox (topic, event, data) VALUES ($1, $2, $3) RETURNING id';
      const { rows } = await client.query(row, [`orders.${order}`, 'status', { state }]);
      const topic = `orders.${order}`;
      // Before the others may go on with this order.
      if (change % 5 > 0) committed.set(topic, [...(committed.get(topic) ?? []), rows[0].id]);
      else undone += 1;
      await client.query(change % 5 > 0 ? 'COMMIT' : 'ROLLBACK');
    }
    await client.end();
  }
  const writing = Promise.all(Array.from({ length: WRITERS }, writeOrders));
  let kills = 0;
  let published = 0;
  let sentAndNotRemoved = 0;
  while (changes < CHANGES || (await rowsLeft()) > 0) {
    startRelay();
    const next = published + 1 + Math.floor(Math.random() * MOST_BETWEEN_KILLS);
    await vi.waitFor(async () => {
      published = (await historyOf('orders.*')).length;
      expect(published >= next || (changes >= CHANGES && (await rowsLeft()) === 0)).toBe(true);
    }, WAIT);
    await kill();
    kills += 1;
    const ids = new Set((await historyOf('orders.*')).map(({ data }) => data.id));
    const { rows } = await database.query('SELECT id FROM outbox');
    sentAndNotRemoved += rows.filter(({ id }) => ids.has(id)).length;
  }
  await writing;
  const events = await historyOf('orders.*');
  const told = new Map<string, string[]>();
  for (const { topic, data } of events) told.set(topic, [...(told.get(topic) ?? []), data.id]);
  console.log(
    `outbox: ${events.length} events, ${undone} undone, ${kills} kills, ${sentAndNotRemoved} sent and not removed`,
  );
  expect(told).toEqual(committed);
  // Otherwise nothing of this was tried.
  expect(kills).toBeGreaterThan(10);
  expect(sentAndNotRemoved).toBeGreaterThan(0);
  expect(undone).toBeGreaterThan(100);
});

test('what was sent before a long outage of the relay is found in the history, and the rest is published', async () => {
  startRelay();
  const sent = await insert('sent');
  await untilEmpty();
  await kill();
  // As a relay leaves them that is killed right after its request, and right before it.
  const { epoch = '', seq = 0 } = parseCursor((await historyOf('orders.1'))[0]?.id ?? '') ?? {};
  const old = "tried_at = now() - interval '10 minutes', tried_from = $1";
  await database.query(
    `INSERT INTO outbox (id, topic, event, data) VALUES ($1, 'orders.1', 'status', '{"state":"sent"}')`,
    [sent],
  );
  await insert('not sent');
  const gone = await insert('of a log that is gone');
  await database.query(`UPDATE outbox SET ${old}`, [encodeCursor(epoch, seq - 1)]);
  await database.query(`UPDATE outbox SET topic = 'orders.2', tried_from = $2 WHERE id = $1`, [
    gone,
    encodeCursor('another', 7),
  ]);
  // The hub has forgotten the id by now: only the history knows it.
  aheadMs += 600_000;
  startRelay();
  await vi.waitFor(async () => expect(await rowsLeft()).toBe(1), WAIT);
  expect((await historyOf('orders.1')).map(({ data }) => data.state)).toEqual(['sent', 'not sent']);
  expect(await historyOf('orders.2')).toEqual([]);
  const { rows } = await database.query('SELECT id, failed FROM outbox');
  expect(rows).toEqual([{ id: gone, failed: expect.stringMatching(/^unknown: /) }]);
});

test('a row that the hub will never take is kept with the reason, and holds up no other', async () => {
  startRelay();
  await database.query(`INSERT INTO outbox (topic, data) VALUES ('orders..1', '{}')`);
  const id = await insert('packed');
  await vi.waitFor(async () => expect(await rowsLeft()).toBe(1), WAIT);
  const { rows } = await database.query('SELECT failed FROM outbox');
  expect(rows[0].failed).toMatch(/^invalid-topic: /);
  expect(await historyOf('orders.1')).toMatchObject([{ data: { id } }]);
  const asked = { url: hub.url, token: env.TIDINGS_TOKEN ?? '', topic: 'orders.1', from: '' };
  await expect(findPublished({ ...asked, id })).rejects.toThrow('invalid-cursor');
});

test('a question that nobody answers keeps no other row until the hub has forgotten its id', async () => {
  const sent: string[] = [];
  const stuck = createServer((incoming, response) => {
    // History says nothing.
    if (incoming.url?.startsWith('/v1/topics/')) return;
    if (incoming.url === '/v1/position') return void response.end('{"cursor":"a.1.x"}');
    incoming.setEncoding('utf8').on('data', (text: string) => sent.push(text));
    response.end('{"results":[]}');
  });
  stuck.listen(0, '127.0.0.1');
  await once(stuck, 'listening');
  env.TIDINGS_URL = `http://127.0.0.1:${(stuck.address() as AddressInfo).port}`;
  await insert('stuck');
  await database.query("UPDATE outbox SET tried_at = now() - interval '10 minutes', tried_from = 'a.1.x'");
  const young = await insert('young');
  await database.query(
    "UPDATE outbox SET topic = 'orders.2', tried_at = now() - interval '30 seconds', tried_from = 'a.1.x' WHERE id = $1",
    [young],
  );
  startRelay();
  await vi.waitFor(() => expect(sent.join()).toContain(young), { timeout: 25_000, interval: 100 });
  await kill();
  stuck.closeAllConnections();
  stuck.close();
}, 40_000);

test('more topics than are published at once, which the token does not grant, keep no other waiting', async () => {
  await database.query(`INSERT INTO outbox (topic, data) SELECT 'denied.' || n, '{}' FROM generate_series(1, 600) n`);
  const id = await insert('packed');
  startRelay();
  let said = '';
  relay?.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await vi.waitFor(async () => expect(await historyOf('orders.1')).toMatchObject([{ data: { id } }]), WAIT);
  expect(await rowsLeft()).toBeGreaterThanOrEqual(600);
  await vi.waitFor(() => expect(said).toMatch(/tried again.*: forbidden: The token may not publish to denied/), WAIT);
});

test('a row that is tried again and again does not slow other topics down', async () => {
  await database.query(`INSERT INTO outbox (topic, data) VALUES ('denied.1', '{}')`);
  for (let n = 0; n < 30; n += 1) await insert(`${n}`);
  startRelay();
  // With a pause after each it would take half a minute.
  await vi.waitFor(async () => expect(await rowsLeft()).toBe(1), { timeout: 10_000, interval: 50 });
  expect(await historyOf('orders.1')).toHaveLength(30);
});

test('rows that are too much for one request are published one by one', async () => {
  await hub.stop();
  await startSite({ TIDINGS_MAX_EVENT_BYTES: '1000', TIDINGS_MAX_BODY_BYTES: '2000' });
  await database.query(`INSERT INTO outbox (topic, data) SELECT 'orders.' || n, '{}' FROM generate_series(1, 60) n`);
  startRelay();
  await untilEmpty();
  expect(await historyOf('orders.*')).toHaveLength(60);
});

test('an event has no id beside that of its row, which would take its place unseen', async () => {
  const text = `INSERT INTO outbox (topic, data) VALUES ('orders.1', '{"id": 42}')`;
  await expect(database.query(text)).rejects.toThrow('outbox_data_has_no_id');
});
