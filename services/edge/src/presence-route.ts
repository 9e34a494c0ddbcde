import { createRoute, z } from '@hono/zod-openapi';
import { parseTopic } from '@tidings/protocol';
import { parseQuery, pathSegment, refuseUnknown, type ServiceApp } from '@tidings/runtime';
import { authoriseTopics } from './authorise.ts';
import { parseCount } from './count-parameter.ts';
import { answerJsonText } from './json-answer.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import { mergePresence, type Presence, type PresenceQuery } from './presence.ts';
import { ASK } from './session-answers.ts';
import type { SessionRouteParts } from './session-route.ts';

const MOST_NAMED = 10_000;

const presenceRoute = createRoute({
  method: 'get',
  path: '/v1/topics/{topic}/presence',
  tags: ['Sessions'],
  summary: 'Who listens to a topic, on all edges',
  description:
    'For who may subscribe to it, and for admins. Without a token nobody is named. more is there when not all are.',
  security: [{}, { bearer: [] }],
  request: {
    params: z.object({ topic: z.string() }),
    query: z.object({ limit: z.string().optional().openapi({ type: 'integer', example: '1000' }) }),
  },
  responses: {
    200: {
      description: 'Streams, those by pattern included, and their users.',
      content: {
        'application/json': {
          schema: z.object({ subscribers: z.int(), users: z.array(z.string()), more: z.literal(true).optional() }),
        },
      },
    },
  },
});

/** Adds the presence on a topic (contract section 8). */
export function addPresence(app: ServiceApp, parts: SessionRouteParts, failures: Failures): void {
  describeRoutes(app, [presenceRoute], failures);
  app.get('/v1/topics/:topic/presence', async (context) => {
    const { incoming } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['limit', 'access_token']);
    const access = await parts.authenticator.authenticate(incoming, query);
    context.set('caller', access.grant);
    const topic = parseTopic(pathSegment(incoming, 3), { parameter: 'topic' });
    const { grant, anonymous } = access;
    if (!grant.admin) authoriseTopics(access, [topic], parts.classes, parts.authenticator);
    parts.cell?.assertTopics(grant.tenant, [topic]);
    const limit = parseCount(query, 'limit', MOST_NAMED, 1_000);
    // Who is told no names asks for none: naming a large audience costs more than counting it.
    const asked: PresenceQuery = { tenant: grant.tenant, topic, limit: anonymous ? 0 : limit };
    const answers = (await parts.cluster.askAll(ASK.presence, asked)) as Presence[];
    const { subscribers, users, more } = mergePresence(answers, asked.limit);
    // Names are for those who have one themselves.
    const body = anonymous ? { subscribers, users: [] } : { subscribers, users, ...(more && { more }) };
    return answerJsonText(JSON.stringify(body));
  });
}
