export * from './delivered-data.ts';
export * from './hooks-file.ts';
export * from './open-hooks.ts';
export * from './place.ts';
export * from './pointer.ts';
export * from './rule.ts';
export * from './signature.ts';
export * from './template.ts';
