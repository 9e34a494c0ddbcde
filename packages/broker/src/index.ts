export * from './cluster-port.ts';
export * from './port.ts';
export * from './work-port.ts';
