import { expect, it } from 'vitest';
import { createTicketText, isTicket, TICKET_PREFIX } from '../src/ticket.ts';

it('section 3: a new ticket is 32 bytes in Base64url behind the prefix, and like no other', () => {
  const tickets = Array.from({ length: 1_000 }, createTicketText);
  for (const ticket of tickets) {
    expect(isTicket(ticket)).toBe(true);
    expect(Buffer.from(ticket.slice(TICKET_PREFIX.length), 'base64url')).toHaveLength(32);
  }
  expect(new Set(tickets).size).toBe(1_000);
});

const BODY = 'x'.repeat(43);

it.each([
  '',
  'tdt_',
  BODY,
  `tdt_${BODY}x`,
  `tdt_${BODY.slice(1)}`,
  `TDT_${BODY}`,
  ` tdt_${BODY}`,
  `tdt_${BODY}\n`,
  `tdt_${BODY.slice(1)}=`,
  `tdt_${BODY.slice(1)}.`,
  `tdt_${BODY.slice(1)}*`,
  `tdt_${BODY.slice(1)}é`,
])('section 3: %j has not the shape of a ticket', (text) => {
  expect(isTicket(text)).toBe(false);
});
