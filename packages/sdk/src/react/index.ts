export * from './client.ts';
export * from './register.ts';
export type { TopicState, TopicStatus } from './topic-store.ts';
export * from './use-topic.ts';
