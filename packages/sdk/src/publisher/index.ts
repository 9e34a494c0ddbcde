export * from '../hub-error.ts';
export type { DataOf, TopicMap } from '../subscriber/topic-types.ts';
export { createPublisher } from './create-publisher.ts';
export type { PipeOptions } from './pipe.ts';
export * from './publisher.ts';
export type { TopicWriter, WriterOptions } from './topic-writer.ts';
