import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import { type Authenticator, authenticateCaller, toChallenge } from '@tidings/auth';
import { type Audit, TICKET_SEC, type TicketStore } from '@tidings/control';
import { TidingsError } from '@tidings/protocol';
import { type Clock, checkShape, type OwnCell, parseQuery, refuseUnknown, type ServiceApp } from '@tidings/runtime';
import { answerJsonText } from './json-answer.ts';
import { readJson } from './json-body.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import type { StateWrites } from './state-writes.ts';

export interface TicketRouteParts {
  readonly tickets: TicketStore;
  readonly writes: StateWrites;
  readonly authenticator: Authenticator;
  readonly cell: OwnCell | undefined;
  readonly audit: Audit;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 1_024;

const ticketRoute = createRoute({
  method: 'post',
  path: '/v1/tickets',
  tags: ['Subscribing'],
  summary: 'Get a ticket',
  description: 'It works once as access_token, on any edge, in place of the token that asks for it.',
  security: [{ bearer: [] }],
  responses: {
    201: {
      description: 'A ticket, and how many seconds it lives.',
      content: { 'application/json': { schema: z.object({ ticket: z.string(), expiresIn: z.int() }) } },
    },
  },
});

/** Adds `POST /v1/tickets` (contract section 3). */
export function addTickets(
  app: ServiceApp,
  { tickets, writes, authenticator, cell, audit, clock }: TicketRouteParts,
  failures: Failures,
): void {
  describeRoutes(app, [ticketRoute], failures);
  app.post('/v1/tickets', async (context) => {
    const { incoming, outgoing } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['access_token']);
    const access = await authenticateCaller(context, query, authenticator);
    // What stands in a URL may be in somebody's log: it must not become more than it is.
    if (access.from === 'query') {
      throw new TidingsError('forbidden', 'Ask with the token in the header, or in the cookie.', {
        challenge: toChallenge('insufficient'),
      });
    }
    cell?.assertTenant(access.grant.tenant);
    checkShape(z.strictObject({}), await readJson(incoming, outgoing as ServerResponse, MAX_BODY_BYTES, {}), 'pointer');
    await writes.take(access.grant);
    const ticket = await tickets.issue(access.grant);
    audit.record(context, { did: 'ticket-issued' });
    const leftSec = Math.max(0, Math.floor(access.grant.expiresAtSec - clock.now() / 1000));
    return answerJsonText(JSON.stringify({ ticket, expiresIn: Math.min(TICKET_SEC, leftSec) }), 201);
  });
}
