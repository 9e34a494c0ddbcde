export * from './cluster-port.ts';
export * from './port.ts';
export * from './record-port.ts';
export * from './schedule-port.ts';
export * from './work-port.ts';
