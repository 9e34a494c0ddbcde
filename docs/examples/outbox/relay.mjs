// @ts-check
// Publishes what stands in the outbox, each row once, and removes what the hub has. One works at a time; more may wait.
//   node docs/examples/outbox/relay.mjs
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createPublisher } from '@tidings/sdk/publisher';
import pg from 'pg';
import { findPublished } from './published.mjs';

const { TIDINGS_URL: url = 'http://127.0.0.1:8080', TIDINGS_PUBLISH_TOKEN: token = '' } = process.env;
const { TIDINGS_TOKEN: readToken = '' } = process.env;
const LOCK = 7_401;
const MOST_ROWS = 500;
// A notification may be lost, and rows may be due again.
const LOOK_MS = 2_000;
// The hub knows an idempotency key for two minutes. What was first tried longer ago is looked for in its history before it is
// tried again: with time to spare for a try that is still under way.
const KNOWN_SEC = 60;
// A row that was young when it was read must not be too old when it is sent: together less than the other minute.
const ASK_MS = 10_000;
const SEND_MS = 30_000;
const RETRY_MS = 1_000;

/**
 * @typedef {{ id: string, topic: string, event: string, data: object, tried_from: string | null, is_old: boolean }} Row
 */

const publisher = createPublisher({ url, token, timeoutMs: 20_000 });

/** Oldest first of each topic, and one at most: the next goes when the hub has it, so the order is kept whatever fails.
 * @param {pg.Client} database @param {string} after the last topic of the round before, whose rows may be tried for ever.
 * @param {readonly string[]} held topics that are left out.
 * @returns {Promise<Row[]>} */
async function nextRows(database, after, held) {
  const { rows } = await database.query(
    `SELECT DISTINCT ON (topic) id, topic, event, data, tried_from,
            coalesce(tried_at < clock_timestamp() - make_interval(secs => $1), false) AS is_old
       FROM outbox WHERE failed IS NULL AND (topic > $3 OR $3 = '') AND topic <> ALL ($4) ORDER BY topic, place LIMIT $2`,
    [KNOWN_SEC, MOST_ROWS, after, held],
  );
  return rows;
}

/** The topics of those that are to be tried again in a moment. @param {pg.Client} database @param {readonly Row[]} rows */
async function publishRows(database, rows) {
  const stored = [];
  const fresh = [];
  /** @type {string[]} */
  const lateTopics = [];
  const signal = AbortSignal.timeout(ASK_MS);
  for (const row of rows) {
    const state = row.is_old ? await whatBecameOf(row, signal) : 'missing';
    if (state === 'published') stored.push(row.id);
    else if (state === 'missing') fresh.push(row);
    else if (state === 'unknown') await refuse(database, row.id, 'unknown: history was gone before anybody looked');
    else lateTopics.push(row.topic);
  }
  await markTried(database, fresh);
  const events = fresh.map(({ id, topic, event, data }) => ({
    topic,
    id,
    data: { ...data, id },
    ...(event && { event }),
  }));
  const results = await send(events, AbortSignal.timeout(SEND_MS));
  const late = [];
  for (const [at, result] of results.entries()) {
    const { id, topic } = /** @type {Row} */ (fresh[at]);
    if (result.status !== 'failed') stored.push(id);
    else if (isLasting(result.error)) await refuse(database, id, `${result.error.code}: ${result.error.message}`);
    else {
      lateTopics.push(topic);
      late.push(`${id}: ${result.error.code}: ${result.error.message}`);
    }
  }
  await database.query('DELETE FROM outbox WHERE id = ANY($1)', [stored]);
  // Where it is the token, nothing gets better by itself: somebody must hear of it.
  if (late.length > 0) console.error(`Rows that are tried again in a moment: ${late.length}, the first is ${late[0]}`);
  return lateTopics;
}

/** One result for each. @param {import('@tidings/sdk/publisher').EventToPublish[]} events @param {AbortSignal} signal */
async function send(events, signal) {
  const results = await publisher.publishMany(events, { signal });
  for (const [at, result] of results.entries()) {
    // The hub, or a proxy, takes less in one request: that says nothing of this one, which goes alone.
    if (events.length === 1 || result.status !== 'failed') continue;
    if (result.error.status !== 413 || result.error.code === 'event-too-large') continue;
    results.splice(at, 1, ...(await publisher.publishMany(events.slice(at, at + 1), { signal })));
  }
  return results;
}

/** Nothing is known where the hub does not answer: other topics go on, and this one is looked for again.
 * @param {Row} row @param {AbortSignal} signal */
async function whatBecameOf({ id, topic, tried_from }, signal) {
  try {
    return await findPublished({ url, token: readToken, topic, id, from: tried_from ?? '', signal });
  } catch (error) {
    console.error(`${error}`);
    return undefined;
  }
}

/** Before anything is sent: whoever comes after this process must know that it may have been.
 * @param {pg.Client} database @param {readonly Row[]} rows */
async function markTried(database, rows) {
  const untried = rows.filter(({ tried_from }) => tried_from === null).map(({ id }) => id);
  if (untried.length === 0) return;
  const headers = { authorization: `Bearer ${readToken}` };
  const answer = await fetch(new URL('/v1/position', url), { headers, signal: AbortSignal.timeout(ASK_MS) });
  if (!answer.ok) throw new Error(`The hub does not tell its position: ${answer.status} ${await answer.text()}`);
  const { cursor } = /** @type {{ cursor: string }} */ (await answer.json());
  await database.query(
    'UPDATE outbox SET tried_at = clock_timestamp(), tried_from = $2 WHERE id = ANY($1) AND tried_at IS NULL',
    [untried, cursor],
  );
}

/** Wrong with the event, and not with the hub, the network or the token. @param {{ status?: number | undefined }} error */
const isLasting = ({ status = 0 }) => [400, 413, 422].includes(status);

/** @param {pg.Client} database @param {string} id @param {string} why */
async function refuse(database, id, why) {
  await database.query('UPDATE outbox SET failed = $2 WHERE id = $1', [id, why]);
  console.error(`Row ${id} is not published: ${why}`);
}

/** Until the connection breaks. @param {pg.Client} database */
async function relay(database) {
  let isLost = false;
  database.on('error', () => {
    isLost = true;
  });
  await database.connect();
  // Held as long as this connection lives: two at a time would not keep the order.
  await database.query('SELECT pg_advisory_lock($1)', [LOCK]);
  await database.query('LISTEN outbox');
  console.log('Relaying.');
  let after = '';
  // What is tried again waits alone: other topics go on at their pace.
  /** @type {string[]} */
  let held = [];
  let heldUntil = 0;
  while (!isLost) {
    if (performance.now() >= heldUntil) held = [];
    const woken = new AbortController();
    const notified = once(database, 'notification', { signal: woken.signal }).catch(() => undefined);
    const rows = await nextRows(database, after, held);
    const isStart = after === '';
    after = rows.length < MOST_ROWS ? '' : /** @type {Row} */ (rows.at(-1)).topic;
    if (rows.length === 0 && isStart) {
      const waitMs = held.length > 0 ? RETRY_MS : LOOK_MS;
      await Promise.race([notified, pause(waitMs, undefined, { signal: woken.signal })]);
    } else if (rows.length > 0) {
      const late = await publishRows(database, rows);
      if (held.length === 0) heldUntil = performance.now() + RETRY_MS;
      held.push(...late);
    }
    woken.abort();
  }
}

while (true) {
  const database = new pg.Client();
  await relay(database).catch((error) => console.error(`Again in a moment: ${error.message}`));
  await database.end().catch(() => undefined);
  await pause(RETRY_MS);
}
