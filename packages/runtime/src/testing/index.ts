export * from './fake-clock.ts';
export * from './leak-check.ts';
export * from './raw-http.ts';
export * from './service-process.ts';
export * from './stream-client.ts';
