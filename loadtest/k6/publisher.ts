import http, { type RefinedResponse } from 'k6/http';
import { Counter, Trend } from 'k6/metrics';
import type { Events, Streams } from 'k6/x/tidings';
import { delay } from './delay.ts';
import { INGEST, RUN, TOKEN } from './target.ts';

const TIMEOUT = '30s';
const RETRY_FOR_MS = 30_000;
/** Of the time that a paced course was to take, so much more, and a little for short ones. */
const OVERRUN = 0.2;
const OVERRUN_MS = 2_000;
/** A key for each request costs the servers a little for each event; without it nothing is tried again. */
const KEYED = __ENV.KEYED !== 'no';
const RECEIVE_TIMEOUT_MS = 60_000;
let requests = 0;
/** Resolves when a request that is being tried again has been accepted: what comes later must not overtake it. */
let retrying: Promise<void> | undefined;
/** Requests that were sent after their time, for all connections were busy. */
const lateRequests = new Counter('late_requests');
const publishing = new Trend('publishing', true);

/**
 * Publishes one body; again under the same key while the answer is one that passes: what was accepted twice is stored
 * once, so that no number is lost or repeated by this side.
 * @throws Error when it is refused, or was not accepted within 30 s.
 */
async function post(body: string): Promise<void> {
  requests += 1;
  const headers = {
    Authorization: `Bearer ${TOKEN}`,
    'Content-Type': 'application/json',
    ...(KEYED && { 'Idempotency-Key': `${RUN}-${requests}` }),
  };
  const endMs = Date.now() + RETRY_FOR_MS;
  let accepted: (() => void) | undefined;
  try {
    for (;;) {
      const answer = await http.asyncRequest('POST', `${INGEST}/v1/events`, body, { headers, timeout: TIMEOUT });
      publishing.add(answer.timings.duration);
      if (answer.status >= 200 && answer.status <= 202) return;
      const passes = answer.status === 0 || answer.status === 429 || answer.status >= 500;
      if (!KEYED || !passes || Date.now() > endMs) throw new Error(describe(answer));
      retrying ??= new Promise((resolve) => {
        accepted = resolve;
      });
      await delay(1000 * Number(answer.headers['Retry-After'] ?? 1));
    }
  } finally {
    if (accepted !== undefined) retrying = undefined;
    accepted?.();
  }
}

const describe = ({ status, error, body }: RefinedResponse<'text'>): string =>
  `publishing was answered with ${status === 0 ? error : `${status}: ${String(body).slice(0, 300)}`}`;

/** How a closed loop publishes. */
export interface Step {
  readonly streams: Streams;
  readonly events: Events;
  /** Streams that get each event. */
  readonly readers: number;
  /** Events in one request. */
  readonly batch: number;
  /** Milliseconds of `Date.now()`; there is one round at least. */
  readonly endMs?: number;
  /** Rounds in the place of a time. */
  readonly rounds?: number;
}

/**
 * Publishes each request's events once everybody has the ones before: nothing can be coalesced but what one request
 * brings.
 */
export async function publishInStep({ streams, events, readers, batch, endMs = 0, rounds = 1 }: Step): Promise<void> {
  let awaited = streams.counts().events;
  for (let round = 0; round < rounds || Date.now() < endMs; round += 1) {
    awaited += batch * readers;
    const all = streams.received(awaited, RECEIVE_TIMEOUT_MS);
    await post(events.take(batch));
    if (!(await all)) throw new Error(`of an event's ${batch * readers} deliveries, not all came within a minute`);
  }
}

/** How fast, and for how long. */
export interface Pace {
  readonly events: Events;
  readonly rate: number;
  readonly batch: number;
  readonly endMs: number;
  /**
   * Requests under way at once. More than one may overtake each other: only where the next event of a topic is further
   * away than that.
   */
  readonly connections?: number;
}

/**
 * Publishes at a steady rate, in events a second; resolves when all is accepted.
 * @throws Error when the rate was not held: what was measured then is another load.
 */
export async function publishAtPace({ events, rate, batch, endMs, connections = 1 }: Pace): Promise<void> {
  const startMs = Date.now();
  const underWay = new Set<Promise<void>>();
  let fault: unknown;
  for (let request = 0; fault === undefined; request += 1) {
    const dueMs = startMs + (request * batch * 1000) / rate;
    if (dueMs >= endMs) break;
    if (dueMs > Date.now()) await delay(dueMs - Date.now());
    if (underWay.size >= connections) {
      lateRequests.add(1);
      await Promise.race(underWay);
    }
    await retrying;
    const sent = post(events.take(batch))
      .catch((error: unknown) => {
        fault = error;
      })
      .finally(() => underWay.delete(sent));
    underWay.add(sent);
  }
  await Promise.all(underWay);
  if (fault !== undefined) throw fault;
  const wantedMs = endMs - startMs;
  const tookMs = Date.now() - startMs;
  if (tookMs > wantedMs * (1 + OVERRUN) + OVERRUN_MS)
    throw new Error(`${rate} events a second were not held: ${wantedMs} ms of them took ${tookMs} ms`);
}
