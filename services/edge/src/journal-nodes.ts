import type { Cluster } from '@tidings/broker';
import { type HeardNode, type JournalPart, SILENT_MS } from '@tidings/control';
import type { Clock, Timer } from '@tidings/runtime';
import type { Journal } from './journal.ts';

/** Whose sessions are asked for. */
export interface JournalQuestion {
  readonly tenant: string;
  readonly user: string;
}

export interface JournalNodesParts {
  /** Not open yet. */
  readonly cluster: Cluster;
  /** `undefined`: this node keeps none, which it says. */
  readonly journal: Journal | undefined;
  readonly clock: Clock;
  readonly maxAgeMs: number;
}

export interface JournalNotices {
  /** To be called when the cluster is open, and before any stream is. */
  begin(): void;
  end(): void;
}

export const EXPLAIN = 'explain';

const NOTICE = 'journal';
const NOTICE_MS = 10_000;
// One for all who come together: of many nodes each would answer each.
const REPLY_MS = 100;
// A name and two times each; nodes are this many only where something starts them again and again.
const MOST_HEARD = 2_000;

/**
 * Answers for this node's journal, and lets the others know that there is this node, with a journal or without: what a node
 * knew that does not answer any more is lost, and may not count as nothing.
 */
export function answerForJournal({ cluster, journal, clock, maxAgeMs }: JournalNodesParts): JournalNotices {
  const sinceMs = clock.now();
  // Not before it was said that there is this node: then the others say so as well.
  let hearsSinceMs = Number.MAX_SAFE_INTEGER;
  const heard = new Map<string, HeardNode>();

  cluster.answer(EXPLAIN, (question): JournalPart => {
    const { tenant, user } = question as JournalQuestion;
    const known = journal?.find(tenant, user) ?? { forgottenMs: clock.now(), records: [] };
    const isOn = journal !== undefined;
    return { node: cluster.id, sinceMs, hearsSinceMs, isOn, heard: [...heard.values()], ...known };
  });

  cluster.hear(NOTICE, (body, node) => {
    const since = (body as Partial<HeardNode>).sinceMs;
    const isNew = !heard.has(node);
    // Again at the end of the order, which is that of the last word of each.
    heard.delete(node);
    heard.set(node, { node, sinceMs: since ?? 0, heardMs: clock.now() });
    forgetOld();
    // It may have come just now, and this node may end before its next turn.
    if (isNew && node !== cluster.id && timer !== undefined) {
      reply ??= clock.after(REPLY_MS, () => {
        reply = undefined;
        cluster.tell(NOTICE, { sinceMs });
      });
    }
  });
  // Whoever came and went meanwhile was not heard, and those that are there may not be at once.
  cluster.onReturn(async () => {
    hearsSinceMs = clock.now() + SILENT_MS;
  });

  function forgetOld(): void {
    for (const [old, { heardMs }] of heard) {
      if (heard.size <= MOST_HEARD && heardMs >= clock.now() - maxAgeMs) return;
      // It may have served for as long after its last word.
      hearsSinceMs = Math.max(hearsSinceMs, heardMs + SILENT_MS + 1);
      heard.delete(old);
    }
  }

  let timer: Timer | undefined;
  let reply: Timer | undefined;
  function tell(): void {
    journal?.forgetOld();
    cluster.tell(NOTICE, { sinceMs });
    timer = clock.after(NOTICE_MS, tell);
  }
  return {
    begin() {
      hearsSinceMs = clock.now();
      tell();
    },
    end() {
      timer?.cancel();
      reply?.cancel();
      timer = undefined;
    },
  };
}
