import type { Clock, Logger } from '@tidings/runtime';
import type { StateEntry } from '../cluster-port.ts';
import type { DirectGet } from './direct-get.ts';
import { asUnavailable, away, type JetStreamApi, whileAway } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { type Moment, momentOf } from './moment.ts';
import { changesUnder, entriesUnder, keyOfSubject } from './state-bucket.ts';
import { isMarker, toHeaderText, toValueText } from './state-store.ts';

/** Tells of every entry under the prefixes, in the order in which they were put. */
export interface StateFollower {
  /** The newest moment at which everything that there was had been told. */
  readonly caughtUp: Moment | undefined;
  /** Resolves once every entry that there is was told. @throws what `signal` was aborted with. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves once everything was told that there is now. @throws TidingsError `unavailable`. */
  look(): Promise<void>;
  /** @throws TidingsError `unavailable` when it is not reached within 2 s. */
  reach(revision: number): Promise<void>;
  close(): void;
}

export interface StateFollowerParts {
  readonly link: Link;
  readonly api: JetStreamApi;
  readonly directGet: DirectGet;
  readonly followers: readonly { readonly prefix: string; onEntry(entry: StateEntry): void }[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything that there is was told; `before` is when that was so the last time. */
  onCaughtUp(before: Moment | undefined): void;
  /** Told what a follower throws. */
  onFault(error: unknown): void;
}

const PROBE_MS = 2_000;
const REACH_MS = 2_000;
const AGAIN_MS = 50;
const BATCH = { batch: 1_000, max_bytes: 1_048_576 } as const;
// So few are had from the leader one by one, who has to be asked anyway.
const FEW = 8;

/**
 * A change, as the server tells it, is only a reason to read: so entries are told in order, whoever else reads, and a
 * lost word costs no more than the time to the next look.
 */
export function createStateFollower(parts: StateFollowerParts): StateFollower {
  const { link, api, directGet, followers, clock, log, onFault } = parts;
  const prefixes = [...new Set(followers.map(({ prefix }) => prefix))];
  let created = '';
  let position = 0;
  let caughtUp: Moment | undefined;
  let failing = false;
  let waiting: Promise<void> | undefined;
  let running: Promise<unknown> = Promise.resolve();

  function tell(prefix: string, subject: string, headers: string, value: () => string): void {
    if (isMarker(headers)) return;
    const entry = { key: keyOfSubject(subject), value: value() };
    for (const follower of followers) {
      if (follower.prefix !== prefix) continue;
      try {
        follower.onEntry(entry);
      } catch (error) {
        onFault(error);
      }
    }
  }

  // Replicas give many at once, and may be behind; what they did not have, the leader has.
  async function read(prefix: string, from: number, upTo: number): Promise<void> {
    const filter = entriesUnder(prefix);
    let after = from;
    for (let more = upTo - after > FEW; more; ) {
      const reply = await directGet({ seq: after + 1, next_by_subj: filter, ...BATCH });
      for (const { seq, subject, headers, data } of reply.messages) {
        tell(prefix, subject, headers, () => data.toString());
        after = seq;
      }
      more = reply.messages.length > 0 && !(reply.whole && reply.pending === 0);
    }
    while (after < upTo) {
      const next = await api.next(after + 1, filter);
      if (next === undefined || next.seq > upTo) return;
      tell(prefix, next.subject, toHeaderText(next), () => toValueText(next));
      after = next.seq;
    }
  }

  async function round(): Promise<void> {
    const at = momentOf(clock);
    try {
      const info = await api.info();
      const last = info.state.last_seq;
      // Another bucket, or one that has lost its end: what stands in it now may never have been told.
      if (info.created !== created || last < position) position = 0;
      created = info.created;
      for (const prefix of prefixes) await read(prefix, position, last);
      position = last;
      parts.onCaughtUp(caughtUp);
      caughtUp = at;
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'the shared state can not be read');
      failing = true;
      asUnavailable(error);
    }
    if (failing) log.info('the shared state can be read again');
    failing = false;
  }

  // One at a time; whoever asks while one is under way shares the next.
  function look(): Promise<void> {
    waiting ??= running.then(() => {
      waiting = undefined;
      const now = round();
      running = now.catch(() => {});
      return now;
    });
    return waiting;
  }

  const lookSometime = (): void => void look().catch(() => {});

  link.onReconnect(() => {
    // It may be another server's, or one that came back with less.
    created = '';
    lookSometime();
  });
  for (const prefix of prefixes) {
    link.client.subscribe(changesUnder(prefix), {
      callback(error) {
        if (error === null) lookSometime();
        else onFault(error);
      },
    });
  }
  const probe = clock.every(PROBE_MS, () => {
    if (link.connected) lookSometime();
  });

  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

  return {
    get caughtUp() {
      return caughtUp;
    },
    start: (signal) => whileAway(look, signal),
    look,
    async reach(revision) {
      const untilMs = clock.elapsed() + REACH_MS;
      while (position < revision) {
        const leftMs = untilMs - clock.elapsed();
        if (leftMs <= 0 || !link.connected) throw away('the shared state could not be followed up in time');
        await Promise.race([look().catch(() => {}), pause(leftMs)]);
        if (position < revision) await pause(AGAIN_MS);
      }
    },
    close: () => probe.cancel(),
  };
}
