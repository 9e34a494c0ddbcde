import { createRoute, z } from '@hono/zod-openapi';
import type { Authenticator, TopicClasses } from '@tidings/auth';
import type { Cluster } from '@tidings/broker';
import { encodeCursor, MAX_HISTORY_LIMIT, parseCursor, parsePattern, TidingsError } from '@tidings/protocol';
import {
  type OwnCell,
  parseQuery,
  pathSegment,
  type Query,
  refuseUnknown,
  type ServiceApp,
  singleValue,
  toProblemAnswer,
} from '@tidings/runtime';
import { authoriseTopics } from './authorise.ts';
import { parseCount } from './count-parameter.ts';
import { cursorOf } from './feed.ts';
import { assertInTouch } from './in-touch.ts';
import { encodeJson, type JsonFormat } from './item.ts';
import { isReached, type JoinParts } from './join.ts';
import { answerJsonText } from './json-answer.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import { boundsOf, withinDeadline } from './read-deadline.ts';

export interface ReadRouteParts extends JoinParts {
  readonly cluster: Cluster;
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
  readonly cell: OwnCell | undefined;
}

const DEFAULT_LIMIT = 100;
// 1,000 events of 256 KiB would be a quarter of a gigabyte: a page ends early instead, and `next` goes on.
const MAX_PAGE_BYTES = 4_194_304;

const envelopeSchema = z
  .object({
    id: z.string(),
    topic: z.string(),
    event: z.string().optional(),
    time: z.string(),
    data: z.unknown(),
  })
  .openapi('Envelope');

const cloudEventSchema = z
  .object({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string(),
    time: z.string(),
    tidingscursor: z.string(),
    datacontenttype: z.string(),
    data: z.unknown(),
  })
  .openapi('StoredCloudEvent');

const FORMATS = ['envelope', 'cloudevents'] as const satisfies readonly JsonFormat[];

const pageSchema = z.object({
  events: z.union([z.array(envelopeSchema), z.array(cloudEventSchema)]),
  next: z.string(),
});

const historyRoute = createRoute({
  method: 'get',
  path: '/v1/topics/{topic}/events',
  tags: ['Reading'],
  summary: 'Read history',
  description: 'Oldest first. next is always a cursor, and resumes a stream too.',
  security: [{}, { bearer: [] }],
  request: {
    params: z.object({ topic: z.string().openapi({ description: 'A topic or pattern.', example: 'orders.*' }) }),
    query: z.object({
      after: z.string().optional(),
      limit: z.string().optional().openapi({ type: 'integer', example: '100' }),
      format: z.enum(FORMATS).optional().openapi({ description: 'What events holds.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page.',
      content: { 'application/json': { schema: pageSchema } },
    },
    410: toProblemAnswer('The history at this cursor is gone.'),
  },
});

const positionRoute = createRoute({
  method: 'get',
  path: '/v1/position',
  tags: ['Reading'],
  summary: 'The present position',
  description: 'Take it, load your own snapshot, then stream with last_event_id: nothing falls in between.',
  security: [{}, { bearer: [] }],
  responses: {
    200: { description: 'A cursor.', content: { 'application/json': { schema: z.object({ cursor: z.string() }) } } },
  },
});

/** Adds the history read and `/v1/position` (contract section 7). */
export function addReads(app: ServiceApp, parts: ReadRouteParts, failures: Failures): void {
  describeRoutes(app, [historyRoute, positionRoute], failures);
  app.get('/v1/topics/:topic/events', async (context) => {
    const { incoming } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['after', 'limit', 'format', 'access_token']);
    assertInTouch(parts.cluster);
    const access = await parts.authenticator.authenticate(incoming, query);
    context.set('caller', access.grant);
    const pattern = parsePattern(pathSegment(incoming, 3), { parameter: 'topic' });
    authoriseTopics(access, [pattern], parts.classes, parts.authenticator);
    parts.cell?.assertTopics(access.grant.tenant, [pattern]);
    const selection = { tenant: access.grant.tenant, patterns: [pattern] };
    const body = await withinDeadline(parts.clock, context.env.outgoing, (signal) =>
      readPage(selection, query, parts, signal),
    );
    return answerJsonText(new Uint8Array(body));
  });
  app.get('/v1/position', async (context) => {
    const { incoming } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['access_token']);
    const access = await parts.authenticator.authenticate(incoming, query);
    context.set('caller', access.grant);
    if (access.anonymous && !parts.classes.hasPublic) throw parts.authenticator.missingToken();
    parts.cell?.assertTenant(access.grant.tenant);
    return answerJsonText(JSON.stringify({ cursor: cursorOf(parts.feed, parts.feed.position) }));
  });
}

function parseFormat(query: Query): JsonFormat {
  const given = singleValue(query, 'format') ?? 'envelope';
  const format = FORMATS.find((each) => each === given);
  if (format !== undefined) return format;
  throw new TidingsError('invalid-field', `format is ${FORMATS.join(' or ')}.`, { parameter: 'format' });
}

// Events are JSON bytes already; parsing them again would round numbers.
async function readPage(
  selection: { tenant: string; patterns: string[] },
  query: Query,
  parts: ReadRouteParts,
  signal: AbortSignal,
): Promise<Buffer> {
  const { broker, feed } = parts;
  const limit = parseCount(query, 'limit', MAX_HISTORY_LIMIT, DEFAULT_LIMIT);
  const format = parseFormat(query);
  const { epoch } = feed;
  const after = await startOf(singleValue(query, 'after'), parts, signal);
  // Read after the start is known, so that `next` never goes back; an edge may be behind the cursor it was given.
  const upTo = Math.max(feed.position, after);
  const events: { seq: number; json: Buffer }[] = [];
  let bytes = 0;
  let next = upTo;
  // Nothing is asked for past what this edge was fed.
  const pages = after < feed.position ? broker.history(selection, { after, upTo }, signal) : [];
  reading: for await (const { messages } of pages) {
    for (const message of messages) {
      const json = encodeJson(format, message, epoch);
      events.push({ seq: message.seq, json });
      bytes += json.length;
      if (events.length < limit && bytes < MAX_PAGE_BYTES) continue;
      next = message.seq;
      break reading;
    }
  }
  // What was evicted while it was read would be a silent hole.
  const { first } = await boundsOf(broker, signal);
  const lost = epoch !== feed.epoch || first > after + 1;
  if (lost && query.has('after')) throw gone();
  if (epoch !== feed.epoch) {
    throw new TidingsError('unavailable', 'The log was recreated while it was read.', { retryAfterSec: 1 });
  }
  // Whoever asked from the start gets what is still there, and the place after what is not.
  const kept = events.filter(({ seq }) => seq >= first);
  const list = kept.flatMap(({ json }, place) => (place === 0 ? [json] : [COMMA, json]));
  return Buffer.concat([
    Buffer.from('{"events":['),
    ...list,
    Buffer.from(`],"next":${JSON.stringify(encodeCursor(epoch, Math.max(next, first - 1)))}}`),
  ]);
}

const COMMA = Buffer.from(',');

async function startOf(text: string | undefined, parts: ReadRouteParts, signal: AbortSignal): Promise<number> {
  const { broker, feed } = parts;
  const cursor = text === undefined ? undefined : parseCursor(text);
  if (text !== undefined && cursor === undefined) {
    throw new TidingsError('invalid-cursor', 'after is not a cursor.', { parameter: 'after' });
  }
  const { first } = await boundsOf(broker, signal);
  if (cursor === undefined) return first - 1;
  if (cursor.epoch !== feed.epoch || cursor.seq + 1 < first) throw gone();
  // A place that does not exist belongs to a log that was lost: reading on from it would skip what comes.
  if (cursor.seq > feed.position && !(await isReached(cursor, parts, signal))) throw gone();
  return cursor.seq;
}

function gone(): TidingsError {
  return new TidingsError('cursor-gone', 'History before this cursor is gone: read it again from the start.', {
    parameter: 'after',
  });
}
