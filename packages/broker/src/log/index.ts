export * from './selection-reader.ts';
export type { SequenceList } from './sequence-list.ts';
export * from './topic-log.ts';
