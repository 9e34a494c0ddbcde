/** Who follows what: topics are shared out among streams, and streams among edges. */
export interface Layout {
  readonly topics: number;
  readonly edges: number;
  readonly topicsPerStream: number;
  /** How much of all topics is followed, from 0 to 1. */
  readonly share: number;
}

export const topicOf = (topic: number): string => `user.${10_000_000 + topic}`;

/** Streams on each edge. */
export const streamsOnEdge = ({ topics, edges, topicsPerStream, share }: Layout): number =>
  Math.ceil(Math.max(1, Math.round((topics * share) / edges)) / topicsPerStream);

/**
 * The stream that follows a topic, -1 where none does. Neighbours among topics are on different edges, then on different
 * streams, and those that nobody follows lie between.
 */
export function streamOf(layout: Layout, topic: number): number {
  const { topics, edges, share } = layout;
  const followed = Math.round(topics * share);
  // Topic t is the rank-th of those that are followed where this line steps up.
  const rank = Math.floor((topic * followed) / topics);
  if (Math.floor(((topic + 1) * followed) / topics) === rank) return -1;
  const edge = rank % edges;
  const perEdge = streamsOnEdge(layout);
  return edge * perEdge + (Math.floor(rank / edges) % perEdge);
}

/** What each stream asks for; those of the first edge come first. */
export function pathsOf(layout: Layout): string[] {
  const wishes = Array.from({ length: layout.edges * streamsOnEdge(layout) }, () => [] as string[]);
  for (let topic = 0; topic < layout.topics; topic += 1)
    wishes[streamOf(layout, topic)]?.push(`topic=${topicOf(topic)}`);
  return wishes.map((wish) => `/v1/stream?${wish.join('&')}`);
}
