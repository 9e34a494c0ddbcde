export * from './control.ts';
export * from './revocation-list.ts';
export * from './ticket-store.ts';
