export * from '../hub-error.ts';
