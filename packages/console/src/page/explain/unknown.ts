import type { Explanation } from '@tidings/protocol/client';

/** What nodes can't tell, in sentences; none where all of them know everything since the event. */
export function listUnknown({ nodes, lost }: Pick<Explanation, 'nodes' | 'lost'>): string[] {
  const silent = nodes.filter(({ journal, complete }) => !journal || !complete);
  return [
    ...silent.map(({ node, since, journal }) =>
      journal
        ? `${node}, since ${since}, does not know every session that it held since the event.`
        : `${node} keeps no journal (TIDINGS_JOURNAL_MAX_BYTES).`,
    ),
    ...lost.map(
      ({ node, since, heard }) => `${node}, since ${since}, was last heard at ${heard} and is gone, with what it knew.`,
    ),
  ];
}
