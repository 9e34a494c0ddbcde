import { isWildcard, MAX_STREAM_TOPICS } from '@tidings/protocol';
import type { Want } from './message.ts';

/** The topics of a new stream; what does not fit is added later, and refused alone. */
export function toTopics(wants: readonly Want[]): string[] {
  return [...new Set(wants.map(({ topic }) => topic))].slice(0, MAX_STREAM_TOPICS);
}

/**
 * What to add to a stream of these topics so that it becomes what is wanted, each topic once. Of an event that is replayed to
 * one want alone it must be known which: patterns are replayed one after the other.
 */
export function nextAdded(wants: readonly Want[], topics: readonly string[]): readonly Want[] {
  const [first] = wants.filter(({ replay }) => replay !== undefined);
  const isLone = first !== undefined && isWildcard(first.topic);
  const added = new Map<string, Want>();
  for (const want of wants) {
    const { topic, replay } = want;
    const isPast = replay !== undefined && (want === first || !(isLone || isWildcard(topic)));
    // The past of a topic brings its present too.
    if (isPast ? added.get(topic)?.replay === undefined : !(topics.includes(topic) || added.has(topic))) {
      added.set(topic, isPast ? want : { ...want, replay: undefined });
    }
  }
  return [...added.values()];
}
