export * from './address-network.ts';
export * from './caller-limits.ts';
export * from './limit-headers.ts';
export * from './rate.ts';
