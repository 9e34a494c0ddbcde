import { createRoute, z } from '@hono/zod-openapi';
import { assertAdmin, authenticateCaller } from '@tidings/auth';
import { type AskedEvent, explain, type JournalPart } from '@tidings/control';
import { type Cursor, parseCursor, TidingsError } from '@tidings/protocol';
import { parseQuery, refuseUnknown, type ServiceApp, type ServiceContext, singleValue } from '@tidings/runtime';
import { isPublicTopic } from './authorise.ts';
import { explanationSchema } from './explanation-schema.ts';
import { isReached, type JoinParts } from './join.ts';
import { EXPLAIN, type JournalQuestion } from './journal-nodes.ts';
import { answerJsonText } from './json-answer.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import { boundsOf, withinDeadline } from './read-deadline.ts';
import type { SessionRouteParts } from './session-route.ts';

export interface ExplainRouteParts
  extends JoinParts,
    Pick<SessionRouteParts, 'cluster' | 'authenticator' | 'classes' | 'cell'> {}

const RETRY_AFTER_SEC = 1;

const explainRoute = createRoute({
  method: 'get',
  path: '/v1/explain',
  tags: ['Sessions'],
  summary: 'Whether a user got an event, and why not',
  description:
    'For admins. From what every edge remembers of the user’s streams, if it keeps a journal (TIDINGS_JOURNAL_MAX_BYTES).',
  security: [{ bearer: [] }],
  request: {
    query: z.object({
      user: z.string().openapi({ description: 'The sub of the user’s tokens.' }),
      event: z.string().openapi({ description: 'The id of the event, as it was answered to its publisher.' }),
    }),
  },
  responses: {
    200: {
      description: 'What is known; what is not known is said, too.',
      content: { 'application/json': { schema: explanationSchema } },
    },
  },
});

/** Adds `GET /v1/explain` (ADR 0035); any edge answers for all. */
export function addExplain(app: ServiceApp, parts: ExplainRouteParts, failures: Failures): void {
  describeRoutes(app, [explainRoute], failures);
  app.get('/v1/explain', (context) => answer(context, parts));
}

async function answer(context: ServiceContext, parts: ExplainRouteParts): Promise<Response> {
  const query = parseQuery(context.env.incoming.url ?? '');
  refuseUnknown(query, ['user', 'event', 'access_token']);
  const { grant } = await authenticateCaller(context, query, parts.authenticator);
  assertAdmin(grant, 'Only an admin asks what became of events.');
  const { tenant } = grant;
  parts.cell?.assertTenant(tenant);
  const user = required(singleValue(query, 'user'), 'user', 'Name a user.');
  const id = required(singleValue(query, 'event'), 'event', 'Name an event by its id.');
  const cursor = required(parseCursor(id), 'event', 'The id of an event looks like 3f.9k2.x7a1.');
  const { clock, cluster } = parts;
  const found = await withinDeadline(clock, context.env.outgoing, (signal) => findEvent(cursor, tenant, parts, signal));
  // After the event was found: a stream that is looked at later has come at least as far.
  const question: JournalQuestion = { tenant, user };
  const answers = (await cluster.askAll(EXPLAIN, question)) as JournalPart[];
  return answerJsonText(JSON.stringify(explain(user, { ...cursor, found }, answers)));
}

function required<Value>(value: Value | undefined, parameter: string, message: string): NonNullable<Value> {
  if (value === undefined || value === null || value === '') {
    throw new TidingsError('invalid-field', message, { parameter });
  }
  return value;
}

async function findEvent(
  cursor: Cursor,
  tenant: string,
  parts: ExplainRouteParts,
  signal: AbortSignal,
): Promise<AskedEvent['found']> {
  const { broker, feed, classes } = parts;
  const { epoch, seq } = cursor;
  if (epoch !== feed.epoch) return { state: 'other-log' };
  if (seq === 0) return { state: 'never' };
  if (seq > feed.position) {
    if (!(await isReached(cursor, parts, signal))) return { state: epoch === feed.epoch ? 'never' : 'other-log' };
    if (seq > feed.position) {
      throw new TidingsError('unavailable', 'This node is behind the event.', { retryAfterSec: RETRY_AFTER_SEC });
    }
  }
  const range = { after: seq - 1, upTo: seq };
  for await (const { messages } of broker.history({ tenant, patterns: ['>'] }, range, signal)) {
    const message = messages.find((each) => each.seq === seq);
    if (message === undefined) continue;
    const { topic, event, timeMs, exclude } = message;
    return { state: 'stored', topic, event, timeMs, exclude, isPublic: isPublicTopic(tenant, topic, classes) };
  }
  return (await boundsOf(broker, signal)).first > seq ? { state: 'evicted' } : { state: 'gone' };
}
