'use client';
import { useInsertionEffect, useMemo, useSyncExternalStore } from 'react';
import type { TidingsEvent } from '../subscriber/event.ts';
import type { DataOf } from '../subscriber/topic-types.ts';
import { useTidings } from './client.ts';
import type { RegisteredTopics } from './register.ts';
import { createTopicStore, type TopicState, type TopicStatus, type TopicWish } from './topic-store.ts';

/** What of a topic's past is to come, and whether it ends. With another `replay` or `until` it is subscribed to anew. */
export type UseTopicOptions = Pick<TopicWish, 'replay' | 'until'>;

/** And how many events to keep: 1 unless said, `Infinity` for a finite topic that is shown whole. */
export type UseTopicStateOptions = Pick<TopicWish, 'replay' | 'until' | 'limit'>;

/**
 * Subscribes to a topic or pattern while the component is mounted, and renders it with what has come: once a frame at most,
 * however many events that is. Without a topic it subscribes to nothing.
 *
 * @example
 * const { latest } = useTopic('orders.42', { replay: 'last' });
 * const { events, status } = useTopic('chat.7', { until: 'final', limit: Infinity });
 *
 * @throws TypeError outside of a `TidingsProvider`.
 */
export function useTopic<const Topic extends string>(
  topic: Topic | undefined,
  options?: UseTopicStateOptions,
): TopicState<DataOf<RegisteredTopics, Topic>>;
/**
 * The same, but `handler` gets each event as it comes, and no event renders anything. It is the handler of the latest render,
 * and need not stay the same.
 */
export function useTopic<const Topic extends string>(
  topic: Topic | undefined,
  handler: (event: TidingsEvent<DataOf<RegisteredTopics, Topic>>) => void,
  options?: UseTopicOptions,
): TopicStatus;
export function useTopic(
  topic: string | undefined,
  second: UseTopicStateOptions | ((event: TidingsEvent) => void) = {},
  third: UseTopicOptions = {},
): TopicState {
  const wish: TopicWish = typeof second === 'function' ? { ...third, handler: second } : second;
  const client = useTidings();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another past, or another end, is another subscription.
  const store = useMemo(() => createTopicStore(client, topic), [client, topic, wish.replay, wish.until]);
  useInsertionEffect(() => {
    store.wish = wish;
  });
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
