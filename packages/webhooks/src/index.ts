export * from './audience.ts';
export * from './fact.ts';
export * from './fact-reporter.ts';
export * from './plan-from-settings.ts';
export * from './reach.ts';
export * from './webhooks-file.ts';
