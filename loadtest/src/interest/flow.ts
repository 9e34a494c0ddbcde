import { setTimeout as pause } from 'node:timers/promises';
import { nowUs } from '../generator/clock.ts';
import { encodePayload } from '../generator/mark.ts';
import { openPoster, type Poster } from '../generator/poster.ts';
import type { Target } from '../generator/target.ts';
import type { Ledger } from './ledger.ts';
import { PAYLOAD_BYTES } from './plan.ts';

/** Events with numbers, and how they are sent. */
export interface Flow {
  readonly ingest: Target;
  readonly ledger: Ledger;
  /** The number of the first. */
  readonly from: number;
  readonly events: number;
  topicOf(number: number): string;
  readonly eventsPerSec: number;
  /** Events in one request. */
  readonly batch: number;
  /** Each has a key, and is sent again until it is accepted: the broker may be away. */
  readonly persistent?: boolean;
}

/** How it went. */
export interface Flowed {
  readonly seconds: number;
  /** Requests that were sent again. */
  readonly repeats: number;
}

const CONNECTIONS = 32;
const AGAIN_MS = 100;

/** Publishes at a steady pace. @throws Error when a request is refused, unless it is persistent. */
export async function publishFlow(flow: Flow): Promise<Flowed> {
  const { from, events, eventsPerSec, batch } = flow;
  const posters = await Promise.all(Array.from({ length: CONNECTIONS }, () => openPoster(flow.ingest)));
  const free = [...posters];
  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  let repeats = 0;
  const send = async (poster: Poster, first: number, count: number): Promise<void> => {
    const body = bodyOf(flow, first, count);
    for (;;) {
      const status = await poster.post('/v1/events', body);
      if (status >= 200 && status <= 202) break;
      if (!flow.persistent) throw new Error(`publishing was answered with ${status}`);
      repeats += 1;
      await pause(AGAIN_MS);
    }
    const atUs = nowUs();
    for (let number = first; number < first + count; number += 1) flow.ledger.accept(number, atUs);
    free.push(poster);
  };
  try {
    for (let sent = 0; sent < events; sent += batch) {
      const waitMs = startMs + (sent / eventsPerSec) * 1000 - performance.now();
      if (waitMs > 0.5) await pause(waitMs);
      while (free.length === 0) await Promise.race(underWay);
      const posted = send(free.pop() as Poster, from + sent, Math.min(batch, events - sent)).finally(() =>
        underWay.delete(posted),
      );
      // It is thrown when all are waited for.
      posted.catch(() => {});
      underWay.add(posted);
    }
    await Promise.all(underWay);
  } finally {
    for (const poster of posters) poster.close();
  }
  return { seconds: (performance.now() - startMs) / 1000, repeats };
}

function bodyOf({ ledger, topicOf, persistent = false }: Flow, from: number, count: number): string {
  const atUs = nowUs();
  const bodies = Array.from({ length: count }, (_, index) => {
    const number = from + index;
    ledger.send(number, atUs);
    const key = persistent ? `"id":"flow-${number}",` : '';
    return `{${key}"topic":"${topicOf(number)}","data":"${encodePayload(PAYLOAD_BYTES, atUs, number)}"}`;
  });
  return `[${bodies.join(',')}]`;
}

/** Resolves with what is missing when that is nothing, or when nothing more has come for so long. */
export async function awaitAll(ledger: Ledger, patienceMs: number): Promise<number> {
  let least = ledger.missing;
  let sinceMs = performance.now();
  while (ledger.missing > 0 && performance.now() - sinceMs < patienceMs) {
    await pause(5);
    if (ledger.missing >= least) continue;
    least = ledger.missing;
    sinceMs = performance.now();
  }
  return ledger.missing;
}
