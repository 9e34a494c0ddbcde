export * from './cluster-port.ts';
export * from './port.ts';
