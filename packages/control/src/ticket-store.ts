import { createTicketText, encodeGrant, type Grant, parseGrant } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { toStateKey } from './state-key.ts';

/** Tickets: each stands for a token, once, for a short time, on whichever edge (contract section 3). */
export interface TicketStore {
  /** @throws TidingsError `unavailable`. */
  issue(grant: Grant): Promise<string>;
  /**
   * What the ticket stands for; `undefined` when it was used, has ended, or never was.
   * @throws TidingsError `unavailable` when that can't be known: it may be spent then.
   */
  redeem(ticket: string): Promise<Grant | undefined>;
}

/** How long a ticket may be used. */
export const TICKET_SEC = 30;

// Anybody can make up tickets, and each costs the brokers a question.
const MOST_AT_ONCE = 256;

export function createTicketStore(cluster: Cluster): TicketStore {
  let underWay = 0;
  return {
    async issue(grant) {
      const ticket = createTicketText();
      await cluster.state.put(keyOf(ticket), encodeGrant(grant), TICKET_SEC);
      return ticket;
    },
    async redeem(ticket) {
      if (underWay >= MOST_AT_ONCE) {
        throw new TidingsError('unavailable', 'Too many tickets are being looked at.', { retryAfterSec: 1 });
      }
      underWay += 1;
      try {
        const text = await cluster.state.take(keyOf(ticket));
        return text === undefined ? undefined : parseGrant(text);
      } finally {
        underWay -= 1;
      }
    },
  };
}

// Whoever reads the store learns whose tickets there are, and can't use one.
const keyOf = (ticket: string): string => toStateKey('ticket', ticket);
