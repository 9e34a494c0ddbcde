import type { MetricsSnapshot } from '@tidings/protocol/client';

/** An edge as somebody sees it who watches a rollout. */
export interface WatchedEdge {
  readonly node: string;
  readonly streams: number;
  /** The most streams that it was seen with. */
  readonly highest: number;
  readonly state: 'open' | 'draining' | 'gone';
}

// Every start of a process is a node of its own.
const MOST_GONE = 50;

/** What is known of the edges after one more snapshot, in the order in which they were first seen. */
export function watchEdges(before: readonly WatchedEdge[], { nodes }: MetricsSnapshot): readonly WatchedEdge[] {
  const present = new Map(nodes.filter(({ edge }) => edge).map((node) => [node.node, node]));
  const known = new Set(before.map(({ node }) => node));
  const seen = [...before, ...[...present.keys()].filter((node) => !known.has(node)).map(toUnseen)].map(
    ({ node, highest }): WatchedEdge => {
      const now = present.get(node);
      if (now === undefined) return { node, streams: 0, highest, state: 'gone' };
      const { streams, draining } = now;
      return { node, streams, highest: Math.max(highest, streams), state: draining === true ? 'draining' : 'open' };
    },
  );
  const surplus = new Set(seen.filter(({ state }) => state === 'gone').slice(0, -MOST_GONE));
  return surplus.size === 0 ? seen : seen.filter((edge) => !surplus.has(edge));
}

const toUnseen = (node: string): WatchedEdge => ({ node, streams: 0, highest: 0, state: 'open' });
