export * from '../hub-error.ts';
export * from './create-tidings.ts';
export * from './event.ts';
export * from './tidings.ts';
export * from './topic-types.ts';
