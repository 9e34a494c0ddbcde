import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, Metrics } from '@tidings/runtime';
import { findAbsence } from './absence.ts';
import type { DirectGet, DirectMessage } from './direct-get.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import { ALL_STORED } from './subject.ts';

/**
 * Why a repair runs: a message came early, or none came for a while; `hole`: something before the newest place that was
 * heard of is missing, and the rest is on its way.
 */
export type RepairCause = 'gap' | 'probe' | 'hole';

/** Fetches what the live feed missed; one runs at a time, and a call while one runs makes it look once more. */
export interface FeedRepair {
  run(cause: RepairCause): void;
  /** Whatever is still under way belongs to a log that is gone: it changes nothing any more. */
  abandon(): void;
}

export interface FeedRepairParts {
  readonly directGet: DirectGet;
  readonly api: JetStreamApi;
  position(): number;
  /** The highest place that is known to be missing; of a hole its end. */
  target(cause: RepairCause): number;
  /** The log has nothing between the present position and this message. */
  accept(message: DirectMessage, cause: RepairCause): void;
  /** The log has nothing up to and including this place. */
  skip(through: number): void;
  /** What lay after the present position, up to this place, left history before it was fed. */
  evicted(through: number): void;
  /** What came early belongs to another log: this one has no such places. */
  forget(): void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

const BATCH = 500;
const BATCH_BYTES = 1_048_576;
const LEAST_WAIT_MS = 20;
const MOST_WAIT_MS = 500;
// After so many answers without progress the leader is asked: a replica can't prove that a tail was deleted.
const BARREN_ROUNDS = 6;
// A leader that was deposed may believe for some seconds that it leads.
const AGREEING_ANSWERS = 2;
const BEHIND_ANSWERS = 10;

/**
 * A replica stores in order, and a request began at or below the next place, so a jump inside a verified reply proves
 * that the log has nothing there. The end of a reply proves nothing: the replica may be behind.
 */
export function createFeedRepair(parts: FeedRepairParts): FeedRepair {
  const { directGet, api, metrics, log } = parts;
  let generation = 0;
  let running = false;
  let wanted: RepairCause | undefined;

  // Where the log begins, by a leader that has come as far as what is asked about; unknown while none says so.
  const firstPlace = (reached: number): Promise<number | undefined> =>
    api.info().then(
      ({ state }) => (state.last_seq >= reached ? state.first_seq : undefined),
      () => undefined,
    );

  // What the leader does not have was deleted, or evicted where its log begins later; unknown while nobody says.
  async function passOver(through: number, mine: number): Promise<void> {
    const from = parts.position() + 1;
    const first = await firstPlace(through);
    if (mine !== generation || first === undefined || parts.position() + 1 !== from) return;
    if (first > from) parts.evicted(through);
    else parts.skip(through);
  }

  // Answers false when nobody could say whether a jump was an eviction: then nothing after it was taken.
  async function takeAll(messages: readonly DirectMessage[], cause: RepairCause, mine: number): Promise<boolean> {
    let first: number | undefined;
    for (const message of messages) {
      const position = parts.position();
      if (message.seq > position + 1) {
        // Asked after the reply: what is still there now was there then.
        first ??= await firstPlace(message.seq);
        if (mine !== generation || first === undefined) return false;
        // Fed by the live feed while the leader was asked, in part or whole.
        if (parts.position() === position && first > position + 1) parts.evicted(message.seq - 1);
        if (mine !== generation) return false;
      }
      parts.accept(message, cause);
    }
    return true;
  }

  async function repair(cause: RepairCause): Promise<void> {
    const mine = generation;
    let barren = 0;
    let denials = 0;
    let behind = 0;
    while (mine === generation) {
      const before = parts.position();
      const places = cause === 'hole' ? parts.target(cause) - before : BATCH;
      if (places <= 0) return;
      const reply = await directGet({ seq: before + 1, batch: Math.min(places, BATCH), max_bytes: BATCH_BYTES });
      if (mine !== generation) return;
      const taken = await takeAll(reply.messages, cause, mine);
      if (mine !== generation) return;
      if (parts.position() > before) {
        barren = 0;
        denials = 0;
        behind = 0;
      } else {
        barren += 1;
      }
      const more = !taken || (cause !== 'hole' && reply.whole && reply.status === 204 && reply.pending > 0);
      // Only a reply that came whole says that there is nothing new; a probe comes again soon enough.
      if (!more && parts.position() >= parts.target(cause) && (reply.whole || barren >= BARREN_ROUNDS)) return;
      if (barren === 0) continue;
      metrics.staleReads.inc({ read: 'feed' });
      await pause(Math.min(LEAST_WAIT_MS * 2 ** (barren - 1), MOST_WAIT_MS), undefined, { ref: false });
      if (mine !== generation || barren < BARREN_ROUNDS || parts.position() >= parts.target(cause)) continue;

      const from = parts.position() + 1;
      const target = parts.target(cause);
      const found = await findAbsence(api, ALL_STORED, from, target).catch(() => 'no answer' as const);
      if (mine !== generation || parts.position() + 1 !== from) continue;
      denials = found === 'nothing' ? denials + 1 : 0;
      behind = found === 'behind' ? behind + 1 : 0;
      // Its next lies beyond a hole, or is what the replicas will have in a moment.
      if (typeof found === 'number') {
        if (found > from) await passOver(found - 1, mine);
      } else if (denials >= AGREEING_ANSWERS) {
        log.warn({ from, through: target }, 'the end of the log was deleted');
        await passOver(target, mine);
      } else if (behind >= BEHIND_ANSWERS) {
        log.error({ from, through: target }, 'the live feed brought places that the log does not have');
        parts.forget();
      }
    }
  }

  async function drive(cause: RepairCause): Promise<void> {
    running = true;
    try {
      let next: RepairCause | undefined = cause;
      while (next !== undefined) {
        wanted = undefined;
        await repair(next);
        next = wanted;
      }
    } finally {
      running = false;
    }
  }

  return {
    run(cause) {
      if (running) {
        // A probe asks for nothing that the running one does not find.
        if (cause === 'gap' || (cause === 'hole' && wanted === undefined)) wanted = cause;
        return;
      }
      // It rejects only where the sink throws, which is a programmer's mistake and ends the process.
      void drive(cause);
    },
    abandon() {
      generation += 1;
      wanted = undefined;
    },
  };
}
