import type { AskedEvent, HeardNode, JournalPart, SessionRecord } from './session-record.ts';

/** What all nodes know together of the sessions of a user. */
export interface Knowledge {
  /** Oldest first; the newest alone where there are very many. */
  readonly records: readonly SessionRecord[];
  /** Since then no session is left out; `Infinity`: at no time. */
  readonly sinceMs: number;
  /** Nodes that served since the event and do not answer any more. */
  readonly lost: readonly HeardNode[];
}

/** Nodes tell of themselves every 10 s; whoever is cut off may serve for another 8 s, and a notice can be lost. */
export const SILENT_MS = 30_000;

/** How far the clocks of two nodes may differ, as it is forgiven to tokens. */
export const CLOCK_SKEW_MS = 5_000;

// Each is held against the others, and the answer has all of them: a client that never stops coming back makes as many as it likes.
const MOST_RECORDS = 2_000;

export const eventMs = ({ found }: AskedEvent): number => (found.state === 'stored' ? found.timeMs : 0);

/** Since when a node has every session that it held; its clock need not be that of the event. */
export const wholeSinceMs = ({ isOn, forgottenMs }: JournalPart): number => {
  if (!isOn) return Number.POSITIVE_INFINITY;
  return forgottenMs === 0 ? 0 : forgottenMs + CLOCK_SKEW_MS + 1;
};

export function gatherKnowledge(asked: AskedEvent, parts: readonly JournalPart[]): Knowledge {
  const answered = new Set(parts.map(({ node }) => node));
  const gone = [...heardLast(parts)].filter(({ node }) => !answered.has(node));
  const all = parts.flatMap((part) => part.records).sort((one, other) => one.openedMs - other.openedMs);
  const left = all.slice(0, -MOST_RECORDS);
  // Whoever was there already would have heard of the others.
  const witnessed = parts.filter(({ isOn }) => isOn).map(({ hearsSinceMs }) => hearsSinceMs);
  const sinceMs = [
    ...parts.map(wholeSinceMs),
    ...gone.map(({ heardMs }) => heardMs + SILENT_MS + 1),
    ...left.map(({ closedMs = Number.POSITIVE_INFINITY }) => closedMs + CLOCK_SKEW_MS + 1),
  ].reduce((latest, each) => Math.max(latest, each), Math.min(Number.POSITIVE_INFINITY, ...witnessed));
  const lost = gone.filter(({ heardMs }) => heardMs + SILENT_MS >= eventMs(asked));
  return { records: all.slice(-MOST_RECORDS), sinceMs, lost };
}

// Each answers when it heard a node last: the latest of these counts.
function heardLast(parts: readonly JournalPart[]): Iterable<HeardNode> {
  const heard = new Map<string, HeardNode>();
  for (const each of parts.flatMap((part) => part.heard)) {
    if ((heard.get(each.node)?.heardMs ?? Number.NEGATIVE_INFINITY) < each.heardMs) heard.set(each.node, each);
  }
  return heard.values();
}
