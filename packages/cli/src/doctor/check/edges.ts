import type { Check } from '../check.ts';
import { type Finding, ok, skipped } from '../finding.ts';
import { edgeOf } from '../opened-stream.ts';

const TRIES = 12;
// As many as a browser opens to a host.
const AT_ONCE = 6;

/** @param edges by the beginnings of the ids of their sessions. */
export function judgeEdges(edges: ReadonlySet<string>, tries: number): Finding {
  const [first, ...others] = [...edges].sort();
  if (first === undefined) return skipped('No stream named its session.');
  if (others.length === 0) return ok(`Only one edge was seen in ${tries} tries: ${first}.`);
  return ok(`${edges.size} edges were seen in ${tries} tries: ${[first, ...others].join(', ')}.`);
}

/** Which edges answer: each stream is opened on a connection of its own. */
export const edgesCheck: Check = {
  id: 'edges',
  needs: ['stream'],
  async run(probe) {
    for (let opened = 0; opened < TRIES; opened += AT_ONCE) {
      const streams = Array.from({ length: AT_ONCE }, () => probe.openStream());
      await Promise.all(
        streams.map((stream) => stream.until((opened) => edgeOf(opened) !== undefined, probe.patience.heldMs)),
      );
      for (const stream of streams) stream.close();
    }
    return [judgeEdges(probe.edges, TRIES)];
  },
};
