import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import { type Authenticator, authenticateCaller, encodeGrant, type TopicClasses } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import type { Audit } from '@tidings/control';
import { parseTopic, TidingsError } from '@tidings/protocol';
import {
  type Clock,
  type OwnCell,
  parseQuery,
  pathSegment,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  singleValue,
  toProblemAnswer,
} from '@tidings/runtime';
import { authoriseTopics } from './authorise.ts';
import { parseCount } from './count-parameter.ts';
import { answerJsonText } from './json-answer.ts';
import { readJson } from './json-body.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import { ASK, type ChangeAnswer, type SessionRequest } from './session-answers.ts';
import type { SessionChange } from './session-change.ts';
import { nodeOf } from './session-id.ts';
import { scopeOf } from './session-scope.ts';
import { mergePages, type SessionPage, type SessionQuery } from './session-view.ts';
import { changeSchema, parseChange } from './topic-change.ts';

/** What requests about sessions need: whoever holds them is asked, this edge included. */
export interface SessionRouteParts {
  readonly cluster: Cluster;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  readonly cell: OwnCell | undefined;
  readonly audit: Audit;
  readonly clock: Clock;
}

const MOST_LISTED = 1_000;
// 200 topics of 255 bytes, as JSON with every character escaped, and some room.
const MAX_CHANGE_BYTES = 524_288;

const sessionSchema = z
  .object({
    id: z.string(),
    user: z.string().optional(),
    topics: z.array(z.string()),
    edge: z.string(),
    since: z.string(),
    delivered: z.int(),
    lag: z.int(),
    cursor: z.string(),
    bytes: z.int(),
  })
  .openapi('Session');
const id = z.object({ id: z.string().openapi({ description: 'As Tidings-Session and hub.hello name it.' }) });
const common = { tags: ['Sessions'], security: [{ bearer: [] }] };
const noSession = toProblemAnswer('There is no such session, or it is not yours.');
const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });

const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/sessions',
  summary: 'List open streams, on all edges',
  description: 'An admin sees those of the tenant, anybody else their own. next is there when there are more.',
  request: {
    query: z.object({
      user: z.string().optional(),
      topic: z.string().optional().openapi({ description: 'Streams that get what is published on this topic.' }),
      limit: z.string().optional().openapi({ type: 'integer', example: '100' }),
      after: z.string().optional().openapi({ description: 'The next of the page before.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page, by id.',
      content: json(z.object({ sessions: z.array(sessionSchema), next: z.string().optional() })),
    },
  },
});
const showRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/sessions/{id}',
  summary: 'Look at an open stream',
  request: { params: id },
  responses: { 200: { description: 'The session.', content: json(sessionSchema) }, 404: noSession },
});
const changeRoute = createRoute({
  ...common,
  method: 'patch',
  path: '/v1/sessions/{id}',
  summary: 'Change the topics of an open stream, or renew its token',
  description: 'With a token of the same subject. A newer one extends the stream to its end.',
  request: { params: id, body: { content: json(changeSchema) } },
  responses: {
    200: { description: 'The topics in force.', content: json(z.object({ topics: z.array(z.string()) })) },
    404: noSession,
  },
});
const closeRoute = createRoute({
  ...common,
  method: 'delete',
  path: '/v1/sessions/{id}',
  summary: 'Close an open stream',
  description: 'Its client may come back: to keep it out, revoke its token.',
  request: { params: id },
  responses: { 204: { description: 'Closed.' }, 404: noSession },
});

/** Adds what contract sections 4 and 8 say of sessions; any edge answers for all. */
export function addSessions(app: ServiceApp, parts: SessionRouteParts, failures: Failures): void {
  describeRoutes(app, [listRoute, showRoute, changeRoute, closeRoute], failures);
  app.get('/v1/sessions', (context) => list(context, parts));
  app.get('/v1/sessions/:id', (context) => show(context, parts));
  app.patch('/v1/sessions/:id', (context) => change(context, parts));
  app.delete('/v1/sessions/:id', (context) => close(context, parts));
}

async function list(context: ServiceContext, parts: SessionRouteParts): Promise<Response> {
  const query = parseQuery(context.env.incoming.url ?? '');
  refuseUnknown(query, ['user', 'topic', 'limit', 'after', 'access_token']);
  const access = await authenticateCaller(context, query, parts.authenticator);
  parts.cell?.assertTenant(access.grant.tenant);
  const scope = scopeOf(access.grant, singleValue(query, 'user'));
  const topic = singleValue(query, 'topic');
  if (topic !== undefined) parseTopic(topic, { parameter: 'topic' });
  const limit = parseCount(query, 'limit', MOST_LISTED, 100);
  const asked: SessionQuery = { ...scope, topic, limit, after: singleValue(query, 'after') ?? '' };
  const pages = (await parts.cluster.askAll(ASK.sessions, asked)) as SessionPage[];
  const { sessions, more } = mergePages(pages, limit);
  return answer({ sessions, ...(more && { next: sessions.at(-1)?.id ?? asked.after }) });
}

async function show(context: ServiceContext, parts: SessionRouteParts): Promise<Response> {
  const session = await askHolder(context, ASK.session, parts);
  if (session === undefined) throw unknownSession();
  return answer(session as object);
}

async function close(context: ServiceContext, parts: SessionRouteParts): Promise<Response> {
  if ((await askHolder(context, ASK.close, parts)) !== true) throw unknownSession();
  parts.audit.record(context, { did: 'kicked', session: pathSegment(context.env.incoming, 3) });
  return new Response(null, { status: 204 });
}

async function askHolder(context: ServiceContext, name: string, parts: SessionRouteParts): Promise<unknown> {
  const query = parseQuery(context.env.incoming.url ?? '');
  refuseUnknown(query, ['access_token']);
  const { grant } = await authenticateCaller(context, query, parts.authenticator);
  parts.cell?.assertTenant(grant.tenant);
  const scope = scopeOf(grant);
  const request: SessionRequest = { ...scope, id: pathSegment(context.env.incoming, 3) };
  return parts.cluster.ask(nodeOf(request.id), name, request);
}

async function change(context: ServiceContext, parts: SessionRouteParts): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const query = parseQuery(incoming.url ?? '');
  refuseUnknown(query, ['access_token']);
  const access = await authenticateCaller(context, query, parts.authenticator);
  const wanted = parseChange(
    // Without a body nothing but the token is new.
    await readJson(incoming, outgoing as ServerResponse, MAX_CHANGE_BYTES, {}),
    parts.clock.now(),
  );
  const topics = wanted.add.map(({ topic }) => topic);
  authoriseTopics(access, topics, parts.classes, parts.authenticator);
  parts.cell?.assertTenant(access.grant.tenant);
  parts.cell?.assertTopics(access.grant.tenant, topics);
  const session = pathSegment(incoming, 3);
  const asked: SessionChange = { ...wanted, session, grant: encodeGrant(access.grant) };
  const changed = (await parts.cluster.ask(nodeOf(session), ASK.change, asked)) as ChangeAnswer | undefined;
  if (changed === undefined) throw unknownSession();
  if ('code' in changed) throw new TidingsError(changed.code, changed.message, changed.details);
  parts.audit.record(context, { did: 'changed', session, topics: changed.topics });
  return answer(changed);
}

const unknownSession = (): TidingsError => new TidingsError('not-found', 'There is no such session of yours.');

const answer = (body: object): Response => answerJsonText(JSON.stringify(body));
