import type { Interest } from './port.ts';

/** What whoever follows has of a feed that gets every event anyway: all of it, from its first place on. */
export const EVERYTHING: Interest = { from: 0, release() {} };
