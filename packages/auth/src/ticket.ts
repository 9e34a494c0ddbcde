import { randomBytes } from 'node:crypto';

/** What every ticket begins with, so that none is ever taken for a token: a token has dots. */
export const TICKET_PREFIX = 'tdt_';

const TICKET_BYTES = 32;
// As Base64url, without padding.
const TICKET = new RegExp(`^${TICKET_PREFIX}[A-Za-z0-9_-]{43}$`);

/** Whether a value of `access_token` has the shape of a ticket (contract section 3); says nothing of its being good. */
export function isTicket(text: string): boolean {
  return TICKET.test(text);
}

/** The text of a new ticket: 32 random bytes behind the prefix, which nobody guesses within the seconds of its life. */
export function createTicketText(): string {
  return TICKET_PREFIX + randomBytes(TICKET_BYTES).toString('base64url');
}
