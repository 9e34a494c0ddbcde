import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openPoster } from '../generator/poster.ts';
import type { Target } from '../generator/target.ts';

/** The events of one point. */
export interface EventPlan {
  /** `{n}` stands for a number below `topics`, taken in turn. */
  readonly topic: string;
  readonly topics: number;
  readonly payloadBytes: number;
  /** Names the event; its data is JSON then. */
  readonly event?: string;
  /** Each event has a key of the publisher's. */
  readonly keyed?: boolean;
}

export interface Pace {
  readonly eventsPerSec: number;
  readonly events: number;
  /** Events in one request. */
  readonly batch: number;
}

/** How the publishing went. */
export interface Paced {
  readonly seconds: number;
  /** Of the requests, how many had to wait for a connection. */
  readonly late: number;
}

const CONNECTIONS = 32;

export const topicOf = ({ topic, topics }: EventPlan, turn: number): string => topic.replace('{n}', `${turn % topics}`);

function bodyOf(plan: EventPlan, from: number, count: number): string {
  const { payloadBytes, event, keyed = false } = plan;
  const events = Array.from({ length: count }, (_, index) => ({
    topic: topicOf(plan, from + index),
    ...(event === undefined
      ? { data: 'x'.repeat(payloadBytes) }
      : { event, data: { text: 'x'.repeat(Math.max(0, payloadBytes - '{"text":""}'.length)) } }),
    ...(keyed && { id: randomUUID() }),
  }));
  return JSON.stringify(events);
}

/** Publishes to an ingest, at a steady pace. @throws Error when a request is refused. */
export async function publish(
  target: Target,
  plan: EventPlan,
  pace: Pace,
  onAccepted: (events: number) => void,
): Promise<Paced> {
  const { events, eventsPerSec, batch } = pace;
  const posters = await Promise.all(Array.from({ length: CONNECTIONS }, () => openPoster(target)));
  const free = [...posters];
  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  let late = 0;
  try {
    for (let from = 0; from < events; from += batch) {
      const count = Math.min(batch, events - from);
      const waitMs = startMs + (from / eventsPerSec) * 1000 - performance.now();
      if (waitMs > 0.5) await pause(waitMs);
      if (free.length === 0) late += 1;
      while (free.length === 0) await Promise.race(underWay);
      const poster = free.pop() as (typeof posters)[number];
      const posted: Promise<void> = poster.post('/v1/events', bodyOf(plan, from, count)).then((status) => {
        if (status < 200 || status > 202) throw new Error(`publishing was answered with ${status}`);
        free.push(poster);
        underWay.delete(posted);
        onAccepted(count);
      });
      // It is thrown when all are waited for.
      posted.catch(() => {});
      underWay.add(posted);
    }
    await Promise.all(underWay);
  } finally {
    for (const poster of posters) poster.close();
  }
  return { seconds: (performance.now() - startMs) / 1000, late };
}
