import type { Clock, Timer } from '@tidings/runtime';
import type { Link } from './link.ts';
import { encodeIndexNotice } from './place-index.ts';
import { INDEX, toIndexed } from './subject.ts';

/** Tells which subjects stand at which places, for those who are not sent what stands there (ADR 0029). */
export interface IndexVoice {
  /** The log has an event of this stored subject at this place. */
  note(storedSubject: string, seq: number): void;
  close(): void;
}

export interface IndexVoiceParts {
  readonly link: Link;
  readonly clock: Clock;
  /** The log that the places are of. */
  epoch(): string;
  /** Whether anybody listens. */
  wanted(): boolean;
}

// At once after a pause, and then so often at the most: each notice is a message to every process that listens, and wakes it.
const LEAST_PERIOD_MS = 5;
// Where there is much to tell, seldomer: what waking everybody costs must not grow beside what the events cost.
const MOST_PERIOD_MS = 25;
// Of a period, for each event in a millisecond: the longest is reached at 2,000 events a second.
const PERIOD_BY_RATE_MS = 12.5;
const MOST_PLACES = 2_000;
// Of subjects: a server takes a megabyte, and what it does not take nobody would hear.
const MOST_SUBJECT_BYTES = 500_000;

/**
 * What is not told, because the connection is away or this process ends, is found by whoever misses it: he reads the place
 * itself from the log.
 *
 * Cost of an event: one look where nobody listens; else one entry in a map, and its share of a message.
 */
export function createIndexVoice({ link, clock, epoch, wanted }: IndexVoiceParts): IndexVoice {
  let places = new Map<string, number[]>();
  let count = 0;
  let bytes = 0;
  let of = '';
  let spokeMs = Number.NEGATIVE_INFINITY;
  let periodMs = LEAST_PERIOD_MS;
  let timer: Timer | undefined;
  let soon: NodeJS.Immediate | undefined;

  function speak(): void {
    timer?.cancel();
    timer = undefined;
    clearImmediate(soon);
    soon = undefined;
    if (count === 0) return;
    const notice = encodeIndexNotice({ epoch: of, places });
    const nowMs = clock.elapsed();
    periodMs = periodFor(count / (nowMs - spokeMs));
    places = new Map();
    count = 0;
    bytes = 0;
    spokeMs = nowMs;
    if (!link.connected) return;
    try {
      link.client.publish(INDEX, notice);
    } catch {
      // It was closed this instant.
    }
  }

  return {
    note(storedSubject, seq) {
      if (!wanted()) return;
      const now = epoch();
      if (now !== of) speak();
      of = now;
      const subject = toIndexed(storedSubject);
      const known = places.get(subject);
      if (known === undefined) {
        places.set(subject, [seq]);
        bytes += subject.length;
      } else {
        known.push(seq);
      }
      count += 1;
      if (count >= MOST_PLACES || bytes >= MOST_SUBJECT_BYTES) return speak();
      if (timer !== undefined || soon !== undefined) return;
      const waitMs = spokeMs + periodMs - clock.elapsed();
      // Not now: what is acknowledged in this turn goes together.
      if (waitMs <= 0) soon = setImmediate(speak);
      else timer = clock.after(waitMs, speak);
    },
    close() {
      speak();
    },
  };
}

const periodFor = (eventsPerMs: number): number =>
  Math.min(MOST_PERIOD_MS, Math.max(LEAST_PERIOD_MS, eventsPerMs * PERIOD_BY_RATE_MS));
