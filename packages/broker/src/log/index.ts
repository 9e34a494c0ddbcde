export * from './selection-reader.ts';
export * from './topic-log.ts';
