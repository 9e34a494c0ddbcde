import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** What goes wrong on the way to the clients, for many of them at once. */
export const CLIENT_FAULTS: readonly Fault[] = [
  {
    name: 'all clients cut',
    domain: 'clients',
    touchesAll: false,
    async run({ subscribers }) {
      for (const subscriber of subscribers) subscriber.cut();
    },
  },
  {
    name: 'a third of the clients stalled',
    domain: 'clients',
    touchesAll: false,
    async run({ subscribers, chance }) {
      const stalled = subscribers.filter(() => chance.happens(1 / 3));
      for (const subscriber of stalled) subscriber.stall();
      await pause(chance.between(2_000, 20_000));
      for (const subscriber of stalled) subscriber.resume();
    },
  },
];
