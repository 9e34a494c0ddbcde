import { MAX_STREAM_TOPICS } from '@tidings/protocol/client';
import type { Want } from './message.ts';

const WILDCARD = /[*>]/;

/** The topics of a new stream; what does not fit is added later, and refused alone. */
export function toTopics(wants: readonly Want[]): string[] {
  return [...new Set(wants.map(({ topic }) => topic))].slice(0, MAX_STREAM_TOPICS);
}

/**
 * What to add to a stream of these topics so that it becomes what is wanted, each topic once. Of an event that is replayed to
 * one want alone it must be known which: patterns are replayed one after the other.
 */
export function nextAdded(wants: readonly Want[], topics: readonly string[]): Want[] {
  const added: Want[] = [];
  // The past of a topic brings its present too: whoever wants it comes first.
  for (const want of [...wants.filter(({ replay }) => replay), ...wants]) {
    const { topic, replay } = want;
    const isMixed = added.some((each) => each.replay && WILDCARD.test(topic + each.topic));
    if (replay ? isMixed : topics.includes(topic)) continue;
    if (added.every((each) => each.topic !== topic)) added.push(want);
  }
  return added;
}

/** Whether a stream of these topics lacks one that was in force: added by a change, it would lack what came on it since. */
export function isLacking(wants: readonly Want[], topics: readonly string[]): boolean {
  return wants.some(({ live, topic }) => live && !topics.includes(topic));
}
