import { randomUUID } from 'node:crypto';
import { createPublisher } from '@tidings/sdk/publisher';
import { z } from 'zod';
import { action, type BackEnd, id, text } from '../action.ts';
import type { Surroundings } from '../surroundings.ts';

export type Role = 'customer' | 'agent';
export type Status = 'open' | 'waiting' | 'solved';

/** What happens to a ticket. Each ticket is a topic. */
export type TicketEvent =
  | { type: 'opened'; subject: string }
  | { type: 'updated'; status: Status }
  | { type: 'message'; text: string; from: Role }
  | { type: 'typing'; from: Role };

export interface SupportTopics {
  'demo.support.*': TicketEvent;
}

const role = z.enum(['customer', 'agent']);
const status = z.enum(['open', 'waiting', 'solved']);

export function createSupport({ hub }: Surroundings): BackEnd {
  const publisher = createPublisher<SupportTopics>(hub);

  return {
    open: action({ subject: text }, async ({ subject }) => {
      const ticket = randomUUID();
      await publisher.publish(`demo.support.${ticket}`, { type: 'opened', subject });
      return { ticket };
    }),

    update: action({ ticket: id, status }, async ({ ticket, status }) => {
      await publisher.publish(`demo.support.${ticket}`, { type: 'updated', status });
    }),

    reply: action({ ticket: id, text, from: role }, async ({ ticket, text, from }) => {
      await publisher.publish(`demo.support.${ticket}`, { type: 'message', text, from });
    }),

    type: action({ ticket: id, from: role, session: id.optional() }, async ({ ticket, from, session }) => {
      const typing: TicketEvent = { type: 'typing', from };
      await publisher.publish(`demo.support.${ticket}`, typing, { store: false, exclude: session });
    }),
  };
}
