import { createRoute, z } from '@hono/zod-openapi';
import { type Authenticator, assertAdmin, authenticateCaller, authenticateWriter, type Grant } from '@tidings/auth';
import type { WorkQueue } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import {
  parseQuery,
  pathSegment,
  type Query,
  readBody,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  singleValue,
  toProblemAnswer,
} from '@tidings/runtime';
import type { Endpoint, WebhooksPlan } from '@tidings/webhooks';
import type { DeadLetter, DeadLetters } from './dead-letters.ts';

export interface WebhookRouteParts {
  readonly plan: WebhooksPlan;
  readonly queue: Pick<WorkQueue, 'waiting'>;
  readonly dead: DeadLetters;
  readonly authenticator: Authenticator;
}

const MOST_LISTED = 100;

const json = (schema: z.ZodType) => ({ 'application/json': { schema } });
const common = {
  tags: ['Webhooks'],
  description: 'For admins. Of endpoints that are told of their tenant, and of what is about it.',
  security: [{ bearer: [] }],
};
const failures = {
  400: toProblemAnswer('The URL can not be read.'),
  401: toProblemAnswer('No token, or one that is not valid.'),
  403: toProblemAnswer('The token is not an admin’s.'),
  404: toProblemAnswer('There is no such endpoint that is told of this tenant.'),
  422: toProblemAnswer('A parameter has a wrong value.'),
  503: toProblemAnswer('The queue is away. Try again.'),
};
const named = z.object({ endpoint: z.string().openapi({ example: 'crm' }) });
const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/webhooks',
  summary: 'List the endpoints of webhooks',
  responses: {
    200: {
      description: 'The endpoints. dead counts those of this tenant, up to 100; waiting is of all tenants.',
      content: json(
        z.object({
          endpoints: z.array(
            z.object({
              name: z.string(),
              origin: z.string(),
              events: z.array(z.string()),
              waiting: z.int(),
              dead: z.int(),
            }),
          ),
        }),
      ),
    },
    ...failures,
  },
});
const deadRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/webhooks/{endpoint}/dead',
  summary: 'List webhooks that were given up, at most 100',
  request: { params: named },
  responses: {
    200: {
      description: 'What was given up. They are kept for 14 days.',
      content: json(
        z.object({
          dead: z.array(
            z.object({
              id: z.string(),
              type: z.string(),
              time: z.string(),
              failed: z.string(),
              attempts: z.int(),
              reason: z.string(),
            }),
          ),
        }),
      ),
    },
    ...failures,
  },
});
const replayRoute = createRoute({
  ...common,
  method: 'post',
  path: '/v1/webhooks/{endpoint}/replay',
  summary: 'Queue webhooks that were given up anew, at most 1,000 in one request',
  request: { params: named, query: z.object({ id: z.string().optional() }) },
  responses: {
    200: { description: 'How many were queued.', content: json(z.object({ replayed: z.int() })) },
    ...failures,
  },
});

/** Adds what operators ask of webhooks; docs/guides/webhooks.md. */
export function addWebhooks(app: ServiceApp, parts: WebhookRouteParts): void {
  for (const route of [listRoute, deadRoute, replayRoute]) app.openAPIRegistry.registerPath(route);
  app.get('/v1/webhooks', (context) => list(context, parts));
  app.get('/v1/webhooks/:endpoint/dead', (context) => listDead(context, parts));
  app.post('/v1/webhooks/:endpoint/replay', (context) => replay(context, parts));
}

async function list(
  context: ServiceContext,
  { plan, queue, dead, authenticator }: WebhookRouteParts,
): Promise<Response> {
  const query = queryOf(context, []);
  const { tenant } = admin((await authenticateCaller(context, query, authenticator)).grant);
  const endpoints = await Promise.all(
    plan.endpoints
      .filter((endpoint) => isToldOfTenant(endpoint, tenant))
      .map(async ({ name, url, types }) => ({
        name,
        // What follows it may be a secret.
        origin: new URL(url).origin,
        events: [...types],
        waiting: await queue.waiting(`job:${name}`),
        dead: (await dead.list(name, tenant, MOST_LISTED)).length,
      })),
  );
  return context.json({ endpoints });
}

async function listDead(context: ServiceContext, { plan, dead, authenticator }: WebhookRouteParts): Promise<Response> {
  const query = queryOf(context, []);
  const { tenant } = admin((await authenticateCaller(context, query, authenticator)).grant);
  const { name } = endpointOf(context, plan, tenant);
  return context.json({ dead: (await dead.list(name, tenant, MOST_LISTED)).map(toView) });
}

async function replay(context: ServiceContext, { plan, dead, authenticator }: WebhookRouteParts): Promise<Response> {
  const query = queryOf(context, ['id']);
  const { tenant } = admin((await authenticateWriter(context, query, authenticator)).grant);
  const { name } = endpointOf(context, plan, tenant);
  const { incoming, outgoing } = context.env;
  // Whoever sends one thinks that it narrows what is replayed.
  await readBody(incoming, outgoing, 0);
  return context.json({ replayed: await dead.replay(name, tenant, singleValue(query, 'id')) });
}

function queryOf(context: ServiceContext, names: readonly string[]): Query {
  const query = parseQuery(context.env.incoming.url ?? '');
  refuseUnknown(query, [...names, 'access_token']);
  return query;
}

function admin(grant: Grant): Grant {
  assertAdmin(grant, 'Only an admin looks after webhooks.');
  return grant;
}

function endpointOf(context: ServiceContext, { endpoints }: WebhooksPlan, tenant: string): Endpoint {
  const name = pathSegment(context.env.incoming, 3);
  const found = endpoints.find((endpoint) => endpoint.name === name && isToldOfTenant(endpoint, tenant));
  if (found === undefined)
    throw new TidingsError('not-found', 'There is no such endpoint that is told of this tenant.');
  return found;
}

const isToldOfTenant = ({ tenants }: Endpoint, tenant: string): boolean => tenants === undefined || tenants.has(tenant);

const toView = ({ event, attempts, reason, atMs }: DeadLetter): object => ({
  id: event.id,
  type: event.type,
  time: new Date(event.timeMs).toISOString(),
  failed: new Date(atMs).toISOString(),
  attempts,
  reason,
});
