export * from '../hub-error.ts';
export * from './create-inbox.ts';
export * from './inbox.ts';
