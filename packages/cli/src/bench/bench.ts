import { randomBytes } from 'node:crypto';
import { parseCursor, TidingsError } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Deployment } from '../deployment.ts';
import { bearer } from '../doctor/probe.ts';
import { type ClientCost, watchClientCost } from './client-cost.ts';
import { createLatencies, type Latencies } from './latency.ts';
import { encodePayload, parsePayload } from './payload.ts';
import { type BenchPlan, eventsOf, topicOf } from './plan.ts';
import { type Published, publishAtRate } from './publisher.ts';
import { openReader, type Reader, ReaderRefused } from './reader.ts';
import { type Counts, createTally, type Tally } from './tally.ts';

/** What a bench is given. */
export interface BenchOptions {
  readonly deployment: Deployment;
  readonly plan: BenchPlan;
  readonly clock: Clock;
  /** For how long nothing must have come before what is missing counts as lost. */
  readonly settleMs: number;
}

/** How it went. */
export interface BenchResult {
  readonly counts: Counts;
  readonly published: Published;
  /** From sending to reading. */
  readonly latencies: Latencies;
  /** Streams that were cut and came back. */
  readonly returns: number;
  readonly client: ClientCost;
}

/** Where it stands, for who waits. */
export interface Progress {
  readonly open: number;
  readonly expected: number;
  readonly delivered: number;
}

const OPENED_AT_ONCE = 50;
const LOOK_MS = 20;
const TTL_SEC = '60';
const CLIENT = 'tidings-bench/1';

/**
 * Opens the streams, publishes, waits for what is to come, and closes.
 * @param onStart told when all streams are open; the answer says where it stands, whenever it is asked.
 * @throws TidingsError `unavailable` when nobody answers; ReaderRefused when a stream is refused.
 */
export async function runBench(
  options: BenchOptions,
  onStart: (progress: () => Progress) => void = () => {},
): Promise<BenchResult> {
  const { deployment, plan, clock } = options;
  const run = randomBytes(4).toString('hex');
  const tally = createTally(plan);
  const latencies = createLatencies();
  const readers: Reader[] = [];
  let lastMs = clock.elapsed();

  const open = (stream: number): Reader => {
    const query = new URLSearchParams({ topic: topicOf(plan, stream % plan.topics), client: CLIENT });
    const headers = { Accept: 'text/event-stream', ...bearer(deployment.token) };
    return openReader(`${deployment.url}/v1/stream?${query}`, headers, clock, ({ data, lastEventId }) => {
      const event = parsePayload(run, data);
      if (event === undefined) return;
      lastMs = clock.elapsed();
      latencies.note(lastMs - event.sentMs);
      tally.arrived(stream, event.number, parseCursor(lastEventId)?.seq);
    });
  };

  try {
    await openAll(plan.streams, readers, open);
    onStart(() => ({ open: readers.length, expected: tally.expected, delivered: tally.delivered }));
    const costOf = watchClientCost(clock);
    const filling = randomBytes(plan.sizeBytes).toString('base64');
    const published = await publishAtRate({
      events: eventsOf(plan),
      rate: plan.rate,
      clock,
      urlOf: (number) =>
        `${deployment.ingestUrl}/v1/topics/${encodeURIComponent(topicOf(plan, number % plan.topics))}/events?ttl=${TTL_SEC}`,
      payloadOf: (number, sentMs) => encodePayload({ run, number, sentMs }, filling, plan.sizeBytes),
      headers: { 'Content-Type': 'text/plain; charset=utf-8', ...bearer(deployment.publishToken) },
      onTaken: tally.taken,
    });
    // Of the work alone, and not of the wait for what may not come.
    const client = costOf();
    lastMs = Math.max(lastMs, clock.elapsed());
    await settle(tally, () => clock.elapsed() - lastMs > options.settleMs, clock);
    const returns = readers.reduce((sum, reader) => sum + reader.returns, 0);
    return { counts: tally.counts(), published, latencies, returns, client };
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** Opens all of them, some at a time: what a listening socket has no room for is tried again only after a second. */
async function openAll(count: number, readers: Reader[], open: (stream: number) => Reader): Promise<void> {
  try {
    for (let first = 0; first < count; first += OPENED_AT_ONCE) {
      const some = Array.from({ length: Math.min(OPENED_AT_ONCE, count - first) }, (_, place) => open(first + place));
      readers.push(...some);
      await Promise.all(some.map(({ live }) => live));
    }
  } catch (error) {
    if (error instanceof ReaderRefused && error.unreachable && readers.length <= OPENED_AT_ONCE) {
      throw new TidingsError('unavailable', `Nobody answers: ${error.message}`);
    }
    throw error;
  }
}

/** Waits until all has come, or nothing has come for long enough. */
async function settle(tally: Tally, isQuiet: () => boolean, clock: Clock): Promise<void> {
  while (!isQuiet()) {
    // What comes without having been acknowledged counts as delivered too: only the exact count says that nothing is missing.
    if (tally.delivered >= tally.expected && tally.counts().lost === 0) return;
    await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
  }
}
