import { setTimeout as pause } from 'node:timers/promises';
import { Account } from './account.ts';
import type { Chance } from './chance.ts';
import { Ledger } from './ledger.ts';
import { Publisher } from './publisher.ts';
import { Punctuality } from './punctuality.ts';
import { Subscriber } from './subscriber.ts';
import { patternsOf, TOPICS } from './topic-plan.ts';

/** Where a balancer would send a request now, and what opens the door there. */
export interface Doors {
  readonly token: string;
  edgeUrl(): string | undefined;
  ingestUrl(): string | undefined;
}

export interface TrafficOptions {
  readonly clients: number;
  /** Events in a second. */
  readonly rate: number;
  readonly chance: Chance;
  /** What the subscriber of a place asks for; the usual mixture when left out. */
  readonly patternsOf?: (place: number) => readonly string[];
}

/** Publishers and subscribers that keep account of each other. */
export interface Traffic {
  readonly ledger: Ledger;
  readonly punctuality: Punctuality;
  readonly publisher: Publisher;
  readonly subscribers: readonly Subscriber[];
  /**
   * Nothing new is published, and what was must arrive: resolves when it has, or when nothing came for `quietMs` though
   * something is missing. Counts the losses then, and sends everybody away.
   */
  settle(quietMs?: number): Promise<void>;
  /** Sends everybody away as they are. Idempotent. */
  stop(): void;
}

const LIVE_WITHIN_MS = 30_000;
const ACCEPTED_WITHIN_MS = 60_000;
// Longer than the longest delay that the hub asks a browser for.
const QUIET_MS = 35_000;
// What is delivered twice may come the second time a little later.
const REPEATS_MS = 1_500;
const LOOK_MS = 100;

/** Resolves when every subscriber is live, and events flow: from then on everybody must get all of them. */
export async function startTraffic(doors: Doors, options: TrafficOptions): Promise<Traffic> {
  const { token } = doors;
  const ledger = new Ledger(TOPICS);
  const punctuality = new Punctuality();
  const subscribers = Array.from({ length: options.clients }, (_, place) => {
    const patterns = (options.patternsOf ?? patternsOf)(place);
    const account = new Account(`client ${place} (${patterns.slice(0, 3).join(' ')})`, ledger, patterns);
    return new Subscriber({ account, patterns, ledger, punctuality, token, edgeUrl: () => doors.edgeUrl() });
  });
  const publisher = new Publisher({
    ledger,
    chance: options.chance,
    token,
    rate: options.rate,
    run: `${Date.now()}`,
    ingestUrl: () => doors.ingestUrl(),
  });
  const stop = (): void => {
    publisher.halt();
    for (const subscriber of subscribers) subscriber.stop();
  };

  for (const subscriber of subscribers) subscriber.connect();
  const deadline = performance.now() + LIVE_WITHIN_MS;
  while (subscribers.some(({ isLive }) => !isLive)) {
    if (performance.now() > deadline) {
      stop();
      throw new Error(`${subscribers.filter(({ isLive }) => !isLive).length} subscribers did not become live`);
    }
    await pause(LOOK_MS);
  }
  publisher.start();

  return {
    ledger,
    punctuality,
    publisher,
    subscribers,
    async settle(quietMs = QUIET_MS) {
      await publisher.finish(ACCEPTED_WITHIN_MS);
      let [delivered, sinceMs] = [-1, performance.now()];
      while (subscribers.some(({ account }) => !account.isComplete)) {
        const now = subscribers.reduce((sum, { account }) => sum + account.delivered, 0);
        if (now !== delivered) [delivered, sinceMs] = [now, performance.now()];
        if (performance.now() - sinceMs > quietMs) break;
        await pause(LOOK_MS);
      }
      await pause(REPEATS_MS);
      stop();
      for (const { account } of subscribers) account.close();
    },
    stop,
  };
}
