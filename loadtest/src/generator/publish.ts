import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrivals } from './arrivals.ts';
import { nowUs } from './clock.ts';
import { CHANNEL_SIZE, encodePayload } from './mark.ts';
import { openPoster, type Poster } from './poster.ts';
import type { Target } from './target.ts';

const PATH = '/v1/events';

/** Which events are published, and how many with one request. */
export interface EventPlan {
  readonly target: Target;
  /** `{n}` stands for a number below `topics`, taken in turn. */
  readonly topic: string;
  readonly topics: number;
  readonly payloadBytes: number;
  readonly batchSize: number;
  /** Tells topics apart for a stream that has several; 0 to 9. */
  readonly channel: number;
}

/** How publishing went. */
export interface Published {
  readonly events: number;
  readonly requests: number;
  readonly seconds: number;
  /** Requests that had to wait because all connections were busy. */
  readonly late: number;
}

/** Makes the events of this process: each topic numbers its own, over all commands. */
export class EventSource {
  readonly #next = new Map<string, number>();
  #turn = 0;

  /** The body of one request. */
  take({ target, topic, topics, payloadBytes, batchSize, channel }: EventPlan): string {
    const sentUs = nowUs();
    const events: string[] = [];
    for (let index = 0; index < batchSize; index += 1) {
      const name = topic.replace('{n}', `${this.#turn++ % topics}`);
      const number = this.#next.get(name) ?? channel * CHANNEL_SIZE;
      this.#next.set(name, number + 1);
      const payload = encodePayload(payloadBytes, sentUs, number);
      if (target.takesPayloads) return payload;
      events.push(`{"topic":"${name}","data":"${payload}"}`);
    }
    return batchSize === 1 ? (events[0] as string) : `[${events.join(',')}]`;
  }
}

/**
 * Publishes each request's events once everybody has the ones before: nothing can be coalesced but what one request
 * brings.
 * @param readers streams that get every event.
 */
export async function publishInStep(
  plan: EventPlan,
  requests: number,
  readers: number,
  source: EventSource,
  arrivals: Arrivals,
): Promise<Published> {
  const poster = await openPoster(plan.target);
  const startUs = nowUs();
  let awaited = arrivals.count;
  for (let request = 0; request < requests; request += 1) {
    awaited += readers * plan.batchSize;
    const all = arrivals.reach(awaited);
    expectAccepted(await poster.post(PATH, source.take(plan)));
    await all;
  }
  poster.close();
  return { events: requests * plan.batchSize, requests, seconds: (nowUs() - startUs) / 1e6, late: 0 };
}

/** How fast, and for how long. */
export interface Pace {
  readonly eventsPerSec: number;
  readonly durationMs: number;
  /** On more than one, events can overtake each other on their way in. */
  readonly connections: number;
}

/** Publishes at a steady pace, for as long as a connection is free. */
export async function publishAtPace(
  plan: EventPlan,
  { eventsPerSec, durationMs, connections }: Pace,
  source: EventSource,
): Promise<Published> {
  const posters = await Promise.all(Array.from({ length: connections }, () => openPoster(plan.target)));
  const startUs = nowUs();
  const requests = Math.round((eventsPerSec * durationMs) / 1000 / plan.batchSize);
  const underWay: Promise<void>[] = [];
  let late = 0;
  for (let request = 0; request < requests; request += 1) {
    const dueUs = startUs + (request * plan.batchSize * 1e6) / eventsPerSec;
    const waitMs = (dueUs - nowUs()) / 1e3;
    if (waitMs > 0.5) await sleep(waitMs);
    let poster = posters.find(({ busy }) => !busy);
    if (poster === undefined) {
      late += 1;
      poster = await firstFree(posters);
    }
    underWay.push(poster.post(PATH, source.take(plan)).then(expectAccepted));
    if (underWay.length >= 1_000) await Promise.all(underWay.splice(0));
  }
  await Promise.all(underWay);
  for (const poster of posters) poster.close();
  return { events: requests * plan.batchSize, requests, seconds: (nowUs() - startUs) / 1e6, late };
}

/** On how many connections at once, for how long, and how many requests at least. */
export interface FullSpeed {
  readonly connections: number;
  readonly durationMs: number;
  readonly leastRequests: number;
}

/** Publishes as fast as the server answers. */
export async function publishAtFullSpeed(
  plan: EventPlan,
  { connections, durationMs, leastRequests }: FullSpeed,
  source: EventSource,
): Promise<Published> {
  const posters = await Promise.all(Array.from({ length: connections }, () => openPoster(plan.target)));
  const startUs = nowUs();
  const endUs = startUs + durationMs * 1e3;
  // Making bodies must not be what is measured: each connection sends one again and again.
  let requests = 0;
  await Promise.all(
    posters.map(async (poster) => {
      const body = source.take(plan);
      while (nowUs() < endUs || requests < leastRequests) {
        expectAccepted(await poster.post(PATH, body));
        requests += 1;
      }
    }),
  );
  for (const poster of posters) poster.close();
  return { events: requests * plan.batchSize, requests, seconds: (nowUs() - startUs) / 1e6, late: 0 };
}

async function firstFree(posters: readonly Poster[]): Promise<Poster> {
  for (;;) {
    await sleep(1);
    const free = posters.find(({ busy }) => !busy);
    if (free !== undefined) return free;
  }
}

function expectAccepted(status: number): void {
  // 207 means that some were refused.
  if (status < 200 || status > 202) throw new Error(`publishing was answered with ${status}`);
}
