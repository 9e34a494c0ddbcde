export * from './use-inbox.ts';
