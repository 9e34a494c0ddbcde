import type { ServerResponse } from 'node:http';
import { createRoute, z } from '@hono/zod-openapi';
import {
  type Access,
  type Authenticator,
  assertAdmin,
  authenticateCaller,
  authenticateWriter,
  type Grant,
} from '@tidings/auth';
import type { Cluster, Selection } from '@tidings/broker';
import { addMarks, isRead, nothingRead, type ReadMarks, type ReadState, type ReadStates } from '@tidings/control';
import {
  encodeCursor,
  encodeEnvelope,
  type InboxCount,
  type InboxRead,
  parseCursor,
  TidingsError,
  toUserTopic,
} from '@tidings/protocol';
import {
  checkShape,
  type OwnCell,
  parseQuery,
  pathSegment,
  refuseUnknown,
  type ServiceApp,
  type ServiceContext,
  singleValue,
  toProblemAnswer,
} from '@tidings/runtime';
import { parseCount } from './count-parameter.ts';
import { assertInTouch } from './in-touch.ts';
import { countUnread, type InboxPage, type InboxSource, readNewest, withinBounds } from './inbox.ts';
import type { TellRead } from './inbox-notices.ts';
import { isReached } from './join.ts';
import { answerJsonText } from './json-answer.ts';
import { readJson } from './json-body.ts';
import { describeRoutes, type Failures } from './openapi-answers.ts';
import { withinDeadline } from './read-deadline.ts';
import type { StateWrites } from './state-writes.ts';

export interface InboxRouteParts extends InboxSource {
  readonly cluster: Cluster;
  readonly states: ReadStates;
  readonly tell: TellRead;
  readonly writes: StateWrites;
  readonly authenticator: Authenticator;
  readonly cell: OwnCell | undefined;
  /** How long history is kept, by the settings. */
  readonly historyMaxAgeSec: number;
}

/** An inbox, and who asks for it. */
interface Asked {
  readonly user: string;
  readonly grant: Grant;
  readonly selection: Selection;
}

const MOST_LISTED = 100;
const DEFAULT_LISTED = 20;
const MOST_IDS = 100;
const MAX_BODY_BYTES = 32_768;
// No event that a state speaks of is kept any more by then; the rest is for settings that differ between services.
const MIN_KEPT_SEC = 32 * 86_400;

const cursor = z.string().max(128);
const marksSchema = z
  .strictObject({
    upTo: cursor.optional().openapi({ description: 'A cursor: everything up to it is read.' }),
    ids: z.array(cursor).max(MOST_IDS).optional().openapi({ description: 'Cursors of single events.' }),
  })
  .openapi('InboxMarks');
const count = {
  unread: z.int().openapi({ description: 'Kept events that are not read, up to 1,000.' }),
  more: z.literal(true).optional().openapi({ description: 'There are more than were counted.' }),
  at: z.string().openapi({ description: 'What was published after this cursor is not counted.' }),
  upTo: z.string().openapi({ description: 'Everything up to this cursor is read.' }),
  revision: z
    .int()
    .openapi({ description: 'Of two answers the one with the higher revision knows more that is read.' }),
};
const common = { tags: ['Inbox'], security: [{ bearer: [] }] };
const params = z.object({ user: z.string() });
const json = <Schema extends z.ZodType>(schema: Schema) => ({ 'application/json': { schema } });

const inboxRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/users/{user}/inbox',
  summary: 'The inbox of a user',
  description: 'Events that are kept on user.<user>, newest first, and which are read. For the user, and for admins.',
  request: {
    params,
    query: z.object({
      before: z.string().optional().openapi({ description: 'The next of the page before.' }),
      limit: z.string().optional().openapi({ type: 'integer', example: '20' }),
    }),
  },
  responses: {
    200: {
      description: 'A page; next is there when there are older events.',
      content: json(
        z.object({
          ...count,
          events: z.array(
            z.object({
              id: z.string(),
              topic: z.string(),
              event: z.string().optional(),
              time: z.string(),
              data: z.unknown(),
              read: z.boolean(),
            }),
          ),
          next: z.string().optional(),
        }),
      ),
    },
    410: toProblemAnswer('The cursor is of another log.'),
  },
});
const readRoute = createRoute({
  ...common,
  method: 'patch',
  path: '/v1/users/{user}/inbox/read',
  summary: 'Mark events of an inbox as read',
  description:
    'All up to a cursor, or single ones. It never becomes less; all streams of the user are told by hub.read.',
  request: { params, body: { required: true, content: json(marksSchema) } },
  responses: {
    200: { description: 'Stored.', content: json(z.object({ ...count, ids: z.array(z.string()) })) },
    410: toProblemAnswer('The cursor is of another log.'),
  },
});

/** Adds the inbox of a user (ADR 0034). */
export function addInbox(app: ServiceApp, parts: InboxRouteParts, failures: Failures): void {
  describeRoutes(app, [inboxRoute, readRoute], failures);
  app.get('/v1/users/:user/inbox', async (context) => {
    const query = parseQuery(context.env.incoming.url ?? '');
    refuseUnknown(query, ['before', 'limit', 'access_token']);
    assertInTouch(parts.cluster);
    const asked = identify(context, await authenticateCaller(context, query, parts.authenticator), parts);
    const limit = parseCount(query, 'limit', MOST_LISTED, DEFAULT_LISTED);
    const before = singleValue(query, 'before');
    const body = await withinDeadline(parts.clock, context.env.outgoing, (signal) =>
      readInbox(asked, before, limit, parts, signal),
    );
    return answerJsonText(new Uint8Array(body));
  });
  // By a method of its own, not POST: gateways tell what is the ingests' by method and prefix, and POST below /v1/users is.
  app.patch('/v1/users/:user/inbox/read', async (context) => {
    const { incoming, outgoing } = context.env;
    const query = parseQuery(incoming.url ?? '');
    refuseUnknown(query, ['access_token']);
    assertInTouch(parts.cluster);
    const asked = identify(context, await authenticateWriter(context, query, parts.authenticator), parts);
    const body = await readJson(incoming, outgoing as ServerResponse, MAX_BODY_BYTES);
    const { upTo, ids = [] } = checkShape(marksSchema, body, 'pointer');
    if (upTo === undefined && ids.length === 0) {
      throw new TidingsError('invalid-field', 'Name a cursor, or single events.', { pointer: '/upTo' });
    }
    if (!asked.grant.admin) await parts.writes.take(asked.grant);
    // Also for a page that goes where the event leads: other tabs are told once the count is made.
    const answer = await withinDeadline(parts.clock, undefined, (signal) => markRead(asked, upTo, ids, parts, signal));
    return answerJsonText(JSON.stringify(answer));
  });
}

function identify(context: ServiceContext, { grant }: Access, parts: InboxRouteParts): Asked {
  const user = pathSegment(context.env.incoming, 3);
  const topic = toTopic(user);
  if (grant.user !== user) assertAdmin(grant, 'Only an admin has the inbox of others.');
  parts.cell?.assertTopics(grant.tenant, [topic]);
  return { user, grant, selection: { tenant: grant.tenant, patterns: [topic] } };
}

function toTopic(user: string): string {
  try {
    return toUserTopic(user);
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    throw new TidingsError(error.code, error.message, { parameter: 'user' });
  }
}

async function readInbox(
  { user, grant, selection }: Asked,
  before: string | undefined,
  limit: number,
  parts: InboxRouteParts,
  signal: AbortSignal,
): Promise<Buffer> {
  const { epoch } = parts.feed;
  const from = before === undefined ? undefined : await placeOf(before, { parameter: 'before' }, parts, signal);
  const upTo = parts.feed.position;
  const state = ofLog(await parts.states.find(grant.tenant, user), epoch);
  const page = await readNewest(selection, Math.min(upTo, (from ?? upTo + 1) - 1), limit, parts, signal);
  const counted = await countAt(selection, state, upTo, from === undefined ? page : undefined, parts, signal);
  assertSameLog(epoch, parts);
  const events = page.messages.map((message) => withRead(encodeEnvelope(message, epoch), isRead(state, message.seq)));
  const oldest = page.messages[0];
  const next = page.hasOlder && oldest !== undefined ? { next: encodeCursor(epoch, oldest.seq) } : {};
  const head = JSON.stringify({ ...counted, ...next });
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"events":[`), ...separated(events.reverse()), END]);
}

// Envelopes are JSON bytes already; parsing them again would round numbers.
const withRead = (envelope: Buffer, read: boolean): Buffer =>
  Buffer.concat([envelope.subarray(0, -1), Buffer.from(`,"read":${read}}`)]);

const separated = (buffers: readonly Buffer[]): Buffer[] =>
  buffers.flatMap((buffer, place) => (place === 0 ? [buffer] : [COMMA, buffer]));

const COMMA = Buffer.from(',');
const END = Buffer.from(']}');

async function markRead(
  asked: Asked,
  upTo: string | undefined,
  ids: readonly string[],
  parts: InboxRouteParts,
  signal: AbortSignal,
): Promise<Omit<InboxRead, 'user' | 'after'>> {
  const { user, grant, selection } = asked;
  const { epoch } = parts.feed;
  const singles: number[] = [];
  for (const [at, id] of ids.entries()) singles.push(await placeOf(id, { pointer: `/ids/${at}` }, parts, signal));
  const marks: ReadMarks = {
    epoch,
    upTo: upTo === undefined ? 0 : await placeOf(upTo, { pointer: '/upTo' }, parts, signal),
    singles,
  };
  const keepSec = Math.max(2 * parts.historyMaxAgeSec, MIN_KEPT_SEC);
  const { before, after } = await parts.states.change(grant.tenant, user, keepSec, async (found) => {
    const marked = addMarks(found, marks, parts.clock.now());
    return marked === found ? marked : withinBounds(selection, marked, parts, signal);
  });
  const counted = await countAt(selection, after, parts.feed.position, undefined, parts, signal);
  assertSameLog(epoch, parts);
  const answer = { ...counted, ids: singles.map((seq) => encodeCursor(epoch, seq)) };
  // Also where nothing changed: it may have been stored by a request that failed before anybody was told.
  parts.tell(grant.tenant, { ...answer, user, after: before?.revision ?? 0 });
  return answer;
}

async function countAt(
  selection: Selection,
  state: ReadState,
  upTo: number,
  page: InboxPage | undefined,
  parts: InboxRouteParts,
  signal: AbortSignal,
): Promise<InboxCount> {
  const { unread, more } = await countUnread(selection, state, upTo, page, parts, signal);
  const { epoch, revision } = state;
  return {
    unread,
    ...(more && { more }),
    at: encodeCursor(epoch, upTo),
    upTo: encodeCursor(epoch, state.upTo),
    revision,
  };
}

/** Of a log that was recreated nothing is read yet. */
const ofLog = (state: ReadState | undefined, epoch: string): ReadState =>
  state?.epoch === epoch ? state : { ...nothingRead(epoch), revision: state?.revision ?? 0 };

async function placeOf(
  text: string,
  where: { pointer?: string; parameter?: string },
  parts: InboxRouteParts,
  signal: AbortSignal,
): Promise<number> {
  const found = parseCursor(text);
  if (found === undefined) throw new TidingsError('invalid-cursor', 'This is not a cursor.', where);
  const { feed } = parts;
  const isOfLog = found.epoch === feed.epoch && (found.seq <= feed.position || (await isReached(found, parts, signal)));
  if (isOfLog) return found.seq;
  throw new TidingsError('cursor-gone', 'The cursor is of another log: ask for the inbox anew.', where);
}

function assertSameLog(epoch: string, { feed }: InboxRouteParts): void {
  if (feed.epoch === epoch) return;
  throw new TidingsError('unavailable', 'The log was recreated meanwhile.', { retryAfterSec: 1 });
}
