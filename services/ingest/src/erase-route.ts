import { createRoute, z } from '@hono/zod-openapi';
import { type Authenticator, assertAdmin, authenticateWriter, type Grant } from '@tidings/auth';
import type { Broker } from '@tidings/broker';
import type { Audit, ReadStates } from '@tidings/control';
import { isPattern, isReservedTopic, parsePattern, TidingsError } from '@tidings/protocol';
import {
  type OwnCell,
  parseQuery,
  pathSegment,
  readBody,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  toProblemAnswer,
} from '@tidings/runtime';
import { inUrl, parseUser } from './validate.ts';

/** What an erasure needs. */
export interface EraseRouteParts {
  readonly broker: Pick<Broker, 'purge'>;
  readonly authenticator: Authenticator;
  readonly cell?: OwnCell | undefined;
  readonly audit: Pick<Audit, 'record'>;
  /** What users have read; without it nobody keeps that. */
  readonly states?: Pick<ReadStates, 'forget'> | undefined;
}

const common = {
  method: 'delete' as const,
  tags: ['Erasing'],
  description:
    'For admins, of the token’s own tenant. Answered once nothing of it can be read from any edge. Open streams stay open; what is published afterwards is kept.',
  security: [{ bearer: [] }],
  responses: {
    204: { description: 'Nothing of it can be read any more; also when there was nothing.' },
    400: toProblemAnswer('The URL can not be read.'),
    401: toProblemAnswer('No token, or one that is not valid.'),
    403: toProblemAnswer('The token is not an admin’s, or the cookie comes from a foreign page.'),
    413: toProblemAnswer('There is a body: what is erased stands in the path alone.'),
    415: toProblemAnswer('There is an encoded body.'),
    421: toProblemAnswer('Another cell serves this tenant or user; host is the URL of its ingest. Nothing was erased.'),
    422: toProblemAnswer('The topic, the user or a parameter is not allowed.'),
    503: toProblemAnswer('The broker is away, or an edge did not confirm in time. Try again: repeating it is safe.'),
  },
};

const topicRoute = createRoute({
  ...common,
  path: '/v1/topics/{topic}/events',
  summary: 'Erase the events of a topic, or of all that match a pattern',
  request: {
    params: z.object({ topic: z.string().openapi({ description: 'A topic or pattern.', example: 'orders.42' }) }),
  },
});
const userRoute = createRoute({
  ...common,
  path: '/v1/users/{user}/events',
  summary: 'Erase the events of a user: user.<user> and everything below it, and what of it was read',
  request: { params: z.object({ user: z.string() }) },
});

/** Adds the two erasing requests of contract section 7. */
export function addErasing(app: ServiceApp, parts: EraseRouteParts): void {
  for (const route of [topicRoute, userRoute]) app.openAPIRegistry.registerPath(route);
  app.delete('/v1/topics/:topic/events', (context) => erase(context, toTopic, parts));
  app.delete('/v1/users/:user/events', (context) =>
    erase(context, toPersonalTopics, parts, ({ tenant }, user) => parts.states?.forget(tenant, user)),
  );
}

async function erase(
  context: ServiceContext,
  toPatterns: (segment: string) => readonly string[],
  { broker, authenticator, cell, audit }: EraseRouteParts,
  andForget?: (grant: Grant, segment: string) => Promise<void> | undefined,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const query = parseQuery(incoming.url ?? '');
  const access = await authenticateWriter(context, query, authenticator);
  assertAdmin(access.grant, 'Only an admin erases.');
  refuseUnknown(query, ['access_token']);
  const segment = pathSegment(incoming, 3);
  const patterns = toPatterns(segment);
  cell?.assertTopics(access.grant.tenant, patterns);
  // Whoever sends one thinks that it narrows what is erased.
  await readBody(incoming, outgoing, 0);
  await broker.purge({ tenant: access.grant.tenant, patterns });
  // From here on it is erased, whatever else fails.
  audit.record(context, { did: 'erased', topics: patterns });
  await andForget?.(access.grant, segment);
  return new Response(null, { status: 204 });
}

function toTopic(segment: string): readonly string[] {
  if (isReservedTopic(segment)) {
    throw new TidingsError('invalid-topic', 'Topics that start with $ belong to the hub.', { parameter: 'topic' });
  }
  return [parsePattern(segment, { parameter: 'topic' })];
}

function toPersonalTopics(segment: string): readonly string[] {
  const topic = parseUser(segment, inUrl);
  // An id may be so long that nothing fits below it.
  return [topic, `${topic}.>`].filter(isPattern);
}
