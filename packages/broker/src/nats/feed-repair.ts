import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, Metrics } from '@tidings/runtime';
import type { DirectGet, DirectMessage } from './direct-get.ts';
import type { JetStreamApi } from './jetstream-api.ts';
import { ALL_STORED } from './subject.ts';

/** Why a repair runs: a message came early, or none came for a while. */
export type RepairCause = 'gap' | 'probe';

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
  /** The highest place that is known to be missing. */
  target(): number;
  /** The log has nothing between the present position and this message. */
  accept(message: DirectMessage, cause: RepairCause): void;
  /** The log has nothing up to and including this place. */
  skip(through: number): void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

const BATCH = 500;
const BATCH_BYTES = 1_048_576;
const LEAST_WAIT_MS = 20;
const MOST_WAIT_MS = 500;
// After so many answers without progress the leader is asked: a replica can't prove that a tail was deleted.
const BARREN_ROUNDS = 6;
const LEADER_ASKS = 3;
const LEADER_ASKS_WITHIN_MS = 1_000;

/**
 * A replica stores in order, and a request began at or below the next place, so a jump inside a verified reply proves
 * that the log has nothing there. The end of a reply proves nothing: the replica may be behind.
 */
export function createFeedRepair(parts: FeedRepairParts): FeedRepair {
  const { directGet, api, metrics, log } = parts;
  let generation = 0;
  let running = false;
  let wanted: RepairCause | undefined;

  async function repair(cause: RepairCause): Promise<void> {
    const mine = generation;
    let barren = 0;
    let leaderDenials = 0;
    let deniedSinceMs = 0;
    while (mine === generation) {
      const before = parts.position();
      const reply = await directGet({ seq: before + 1, batch: BATCH, max_bytes: BATCH_BYTES });
      if (mine !== generation) return;
      for (const message of reply.messages) parts.accept(message, cause);
      if (parts.position() > before) {
        barren = 0;
        leaderDenials = 0;
      } else {
        barren += 1;
      }
      const more = reply.whole && reply.status === 204 && reply.pending > 0;
      if (!more && parts.position() >= parts.target()) {
        // Only a reply that came whole says that there is nothing new.
        if (reply.whole) return;
        if (barren >= BARREN_ROUNDS) return;
      }
      if (barren === 0) continue;
      metrics.staleReads.inc({ read: 'feed' });
      await pause(Math.min(LEAST_WAIT_MS * 2 ** (barren - 1), MOST_WAIT_MS), undefined, { ref: false });
      if (mine !== generation || barren < BARREN_ROUNDS || parts.position() >= parts.target()) continue;

      const asked = parts.position();
      const next = await api.next(asked + 1, ALL_STORED).catch((error: unknown) => error as Error);
      if (mine !== generation || next instanceof Error || parts.position() !== asked) continue;
      if (next !== undefined) {
        // The leader's next lies beyond a hole, or is what the replicas will have in a moment.
        parts.skip(next.seq - 1);
        leaderDenials = 0;
        continue;
      }
      if (leaderDenials === 0) deniedSinceMs = performance.now();
      leaderDenials += 1;
      // A leader that was deposed may still believe that it leads, for an instant.
      if (leaderDenials >= LEADER_ASKS && performance.now() - deniedSinceMs >= LEADER_ASKS_WITHIN_MS) {
        log.warn({ from: asked + 1, through: parts.target() }, 'the end of the log was deleted');
        parts.skip(parts.target());
      }
    }
  }

  async function drive(cause: RepairCause): Promise<void> {
    running = true;
    let next: RepairCause | undefined = cause;
    while (next !== undefined) {
      wanted = undefined;
      await repair(next);
      next = wanted;
    }
    running = false;
  }

  return {
    run(cause) {
      if (running) {
        // A probe asks for nothing that the running one does not find.
        if (cause === 'gap') wanted = cause;
        return;
      }
      void drive(cause);
    },
    abandon() {
      generation += 1;
      wanted = undefined;
    },
  };
}
