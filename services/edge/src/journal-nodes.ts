import type { Cluster } from '@tidings/broker';
import type { HeardNode, JournalPart } from '@tidings/control';
import type { Clock } from '@tidings/runtime';
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

export const EXPLAIN = 'explain';

const NOTICE = 'journal';
const FIRST_NOTICE_MS = 1_000;
const NOTICE_MS = 10_000;
// A name and two times each; nodes are this many only where something starts them again and again.
const MOST_HEARD = 2_000;

/**
 * Answers for this node's journal, and lets the others know that there is one: what a node knew that does not answer any
 * more is lost, and may not count as nothing.
 * @returns ends the notices.
 */
export function answerForJournal({ cluster, journal, clock, maxAgeMs }: JournalNodesParts): () => void {
  const sinceMs = clock.now();
  let hearsSinceMs = sinceMs;
  const heard = new Map<string, HeardNode>();

  cluster.answer(EXPLAIN, (question): JournalPart => {
    const { tenant, user } = question as JournalQuestion;
    const known = journal?.find(tenant, user) ?? { forgottenMs: clock.now(), records: [] };
    const isOn = journal !== undefined;
    return { node: cluster.id, sinceMs, hearsSinceMs, isOn, heard: [...heard.values()], ...known };
  });
  if (journal === undefined) return () => {};

  cluster.hear(NOTICE, (body, node) => {
    const since = (body as Partial<HeardNode>).sinceMs;
    // Again at the end of the order, which is that of the last word of each.
    heard.delete(node);
    heard.set(node, { node, sinceMs: since ?? 0, heardMs: clock.now() });
    for (const [old, { heardMs }] of heard) {
      if (heard.size <= MOST_HEARD && heardMs >= clock.now() - maxAgeMs) break;
      if (heard.size > MOST_HEARD) hearsSinceMs = Math.max(hearsSinceMs, heardMs);
      heard.delete(old);
    }
  });
  // Whoever came and went meanwhile was not heard.
  cluster.onReturn(async () => {
    hearsSinceMs = clock.now();
  });

  let timer = clock.after(FIRST_NOTICE_MS, tell);
  function tell(): void {
    cluster.tell(NOTICE, { sinceMs });
    timer = clock.after(NOTICE_MS, tell);
  }
  return () => timer.cancel();
}
