import type { IncomingMessage, ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, z } from '@hono/zod-openapi';
import type { Authenticator, TopicClasses } from '@tidings/auth';
import type { Selection } from '@tidings/broker';
import { type Goodbye, type ProblemCode, TidingsError } from '@tidings/protocol';
import {
  clientAddressOf,
  type FaultPlace,
  isGone,
  type OwnCell,
  parseQuery,
  type Query,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
} from '@tidings/runtime';
import type { Refused } from './admission.ts';
import { authoriseTopics, ownTopics } from './authorise.ts';
import { authenticateConnect } from './connect-limit.ts';
import { type FiniteStart, findFiniteStart, isOver } from './finite-start.ts';
import { assertInTouch } from './in-touch.ts';
import { readJson } from './json-body.ts';
import type { Failures } from './openapi-answers.ts';
import { withinDeadline } from './read-deadline.ts';
import { acceptsStream, isNative, refusalBehind, STREAM_HEADERS, softAnswer, softRetryMs } from './soft-answer.ts';
import { type EdgeParts, openSession, type StreamOrder } from './stream-opener.ts';
import { openStreamSocket } from './stream-socket.ts';
import { fieldsOfQuery, parseWish, type StreamWish, streamSchema } from './stream-wish.ts';

export interface StreamRouteParts {
  readonly edge: EdgeParts;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  readonly cell: OwnCell | undefined;
}

// 100 topics of 255 bytes, as JSON with every character escaped, and some room.
const MAX_STREAM_BODY_BYTES = 262_144;
const RETRY_AFTER_SEC = 5;

/** Adds `GET` and `POST /v1/stream` (contract section 4). */
export function addStream(app: ServiceApp, parts: StreamRouteParts, failures: Failures): void {
  const stream = {
    'text/event-stream': { schema: z.string().openapi({ example: 'id: 3f.9k2.x7a1\ndata: {"state":"shipped"}\n\n' }) },
  };
  const responses = {
    200: {
      description: 'The stream: hub.hello, what is replayed, hub.live, then events as they come.',
      content: stream,
    },
    204: { description: 'Nothing will ever come: a finished finite stream.' },
    ...failures,
  };
  const describe = {
    tags: ['Subscribing'],
    summary: 'Open a stream',
    path: '/v1/stream',
    responses,
    security: [{}, { bearer: [] }],
  };
  const query = streamSchema.extend({ access_token: z.string().optional() });
  app.openAPIRegistry.registerPath(createRoute({ ...describe, method: 'get', request: { query } }));
  const body = { required: true, content: { 'application/json': { schema: streamSchema } } };
  app.openAPIRegistry.registerPath(createRoute({ ...describe, method: 'post', request: { body } }));

  app.get('/v1/stream', (context) =>
    answered(context, parts, () => {
      const parameters = parseQuery(context.env.incoming.url ?? '');
      return answer(context, parameters, async () => fieldsOfQuery(parameters), 'parameter', parts);
    }),
  );
  app.post('/v1/stream', (context) =>
    answered(context, parts, () => {
      const parameters = parseQuery(context.env.incoming.url ?? '');
      refuseUnknown(parameters, ['access_token']);
      const { incoming, outgoing } = context.env;
      const read = (): Promise<unknown> => readJson(incoming, outgoing as ServerResponse, MAX_STREAM_BODY_BYTES);
      return answer(context, parameters, read, 'pointer', parts);
    }),
  );
}

async function answered(
  context: ServiceContext,
  { edge }: StreamRouteParts,
  run: () => Promise<Response>,
): Promise<Response> {
  try {
    const response = await run();
    // What is put softly is refused all the same.
    const code = refusalBehind(response);
    if (code !== undefined) edge.audit.record(context, { did: 'refused', code });
    return response;
  } catch (error) {
    const result = error instanceof TidingsError ? error.code : ('internal' satisfies ProblemCode);
    edge.metrics.connectionsTotal.inc({ result });
    throw error;
  }
}

async function answer(
  context: ServiceContext,
  query: Query,
  readFieldsOf: () => Promise<unknown>,
  place: FaultPlace,
  parts: StreamRouteParts,
): Promise<Response> {
  const { incoming } = context.env;
  const { edge, authenticator } = parts;
  if (acceptsStream(incoming.headers.accept) === 'no') {
    throw new TidingsError('not-acceptable', 'Accept must admit text/event-stream.');
  }
  const client = query.get('client')?.[0];
  // Before a token is looked at: who comes in a storm is sent away at the least cost.
  if (edge.admission.full) return refuseAdmission('capacity', incoming, client, edge);
  const access = await whenAvailable(context, client, edge, async () => {
    assertInTouch(edge.cluster);
    return authenticateConnect(context, query, authenticator, edge.connects);
  });
  if (access instanceof Response) return access;
  context.set('caller', access.grant);
  const wish = parseWish(
    await readFieldsOf(),
    incoming.headers['last-event-id'] as string | undefined,
    edge.clock.now(),
    place,
  );
  if (access.expired) {
    if (!isNative(incoming, wish.client)) throw authenticator.expiredToken();
    return soften('token-expired', edge);
  }
  const topics = wish.topics.length > 0 ? wish.topics : ownTopics(access, authenticator);
  authoriseTopics(access, topics, parts.classes, authenticator);
  const { grant, anonymous } = access;
  const { tenant, expiresAtSec } = grant;
  // Never put softly: a native EventSource that came back here would come in vain.
  parts.cell?.assertTopics(tenant, topics);
  const start = await whenAvailable(context, wish.client, edge, () =>
    foresee(wish, { tenant, patterns: topics }, context, edge),
  );
  if (start instanceof Response) return start;
  if (start !== undefined && isOver(start, topics, edge.feed)) return over(edge);
  const address = edge.admission.countsAddresses ? clientAddressOf(context) : '';
  const holder = { tenant, user: grant.user, address };
  const expiresAtMs = expiresAtSec * 1000;
  const order: StreamOrder = { wish, tenant, topics, holder, grant, anonymous, expiresAtMs, start };
  // Nothing may be awaited after this: a stream that opens once the others were sent away would never be.
  if (edge.drain.begun) {
    if (isNative(incoming, wish.client)) return soften('draining', edge);
    throw new TidingsError('draining', 'This node is shutting down.', { retryAfterSec: RETRY_AFTER_SEC });
  }
  const refused = edge.admission.refusal(holder);
  if (refused !== undefined) return refuseAdmission(refused, incoming, wish.client, edge);
  if (context.env.incoming.method === 'HEAD') return new Response(null, { status: 200, headers: STREAM_HEADERS });
  return open(context, order, edge);
}

function over({ metrics }: EdgeParts): Response {
  metrics.connectionsTotal.inc({ result: 'final' satisfies Goodbye });
  return new Response(null, { status: 204 });
}

const LIMITS: Readonly<Record<Refused, () => TidingsError>> = {
  capacity: () => new TidingsError('at-capacity', 'This node has no room for another stream.', retryLater()),
  user: () => new TidingsError('too-many-streams', 'This user has too many streams open.', retryLater()),
  tenant: () => new TidingsError('too-many-streams', 'This tenant has too many streams open.', retryLater()),
  address: () => new TidingsError('too-many-streams', 'This address has too many streams open.', retryLater()),
};

// Spread like the soft answers, so that those who were refused together do not come back together.
const retryLater = (): { retryAfterSec: number } => ({ retryAfterSec: Math.ceil(softRetryMs() / 1000) });

// Room will be made: it may not kill a native EventSource.
function refuseAdmission(
  refused: Refused,
  incoming: IncomingMessage,
  client: string | undefined,
  edge: EdgeParts,
): Response {
  if (isNative(incoming, client)) {
    return soften('capacity', edge, refused === 'capacity' ? undefined : 'too-many-streams');
  }
  throw LIMITS[refused]();
}

// Only whoever resumes a finite stream may find it finished, which decides between 200 and 204 before the head is sent.
async function foresee(
  wish: StreamWish,
  selection: Selection,
  context: ServiceContext,
  edge: EdgeParts,
): Promise<FiniteStart | undefined> {
  if (!wish.untilFinal || wish.cursor === undefined) return undefined;
  // Nothing is followed before there is a session.
  const following = { head: edge.feed.position, fedFrom: Number.POSITIVE_INFINITY };
  return withinDeadline(edge.clock, context.env.outgoing, (signal) =>
    findFiniteStart(wish, selection, following, edge, signal),
  );
}

// What is away, or comes too often, may do so again later: it may not kill a native EventSource.
async function whenAvailable<Value>(
  context: ServiceContext,
  client: string | undefined,
  edge: EdgeParts,
  run: () => Promise<Value>,
): Promise<Value | Response> {
  try {
    return await run();
  } catch (error) {
    const code = error instanceof TidingsError ? error.code : undefined;
    const passing = code === 'unavailable' || code === 'rate-limited';
    if (passing && isNative(context.env.incoming, client)) return soften(code, edge);
    throw error;
  }
}

function soften(reason: Goodbye, { metrics }: EdgeParts, refusal?: ProblemCode): Response {
  metrics.connectionsTotal.inc({ result: reason });
  return softAnswer(reason, refusal);
}

function open(context: ServiceContext, order: StreamOrder, edge: EdgeParts): Response {
  const { outgoing } = context.env;
  // The client is gone already: its `close` came before anyone listened for it, and will not come again.
  if (isGone(outgoing)) return RESPONSE_ALREADY_SENT;
  const id = edge.createSessionId();
  const socket = openStreamSocket(outgoing, {
    ...STREAM_HEADERS,
    ...context.get('corsHeaders'),
    ...(context.get('tokenInUrl') && { 'Referrer-Policy': 'no-referrer' }),
    'Tidings-Session': id,
  });
  if (socket === undefined) {
    throw new TidingsError(
      'malformed-request',
      'A stream can not be asked for behind another request: open a connection.',
    );
  }
  edge.metrics.connectionsTotal.inc({ result: 'opened' });
  edge.audit.record(context, { did: 'subscribed', session: id, topics: order.topics });
  openSession(order, socket, id, edge, context.get('takeLine')?.());
  return RESPONSE_ALREADY_SENT;
}
