import { createRoute, z } from '@hono/zod-openapi';
import { type Authenticator, authenticateWriter, type Grant, mayPublish } from '@tidings/auth';
import type { Broker, Schedule } from '@tidings/broker';
import type { Audit } from '@tidings/control';
import { MAX_SCHEDULE_LIST, TidingsError } from '@tidings/protocol';
import {
  answerJson,
  type OwnCell,
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

/** What requests about scheduled events need. */
export interface ScheduleRouteParts {
  readonly broker: Pick<Broker, 'schedules'>;
  readonly authenticator: Authenticator;
  readonly cell?: OwnCell | undefined;
  readonly audit: Pick<Audit, 'record'>;
}

const DEFAULT_LIMIT = 100;
// Read for one page; a token that may publish little must not have all of a tenant's searched for it.
const MOST_READ = 2_000;
// Each with its payload, which no answer has.
const MOST_AT_ONCE = 32;
const IS_ID = /^[\w-]{1,64}$/;
const IS_PLACE = /^[0-9a-z]{1,11}$/;

const scheduleSchema = z
  .object({
    id: z.string(),
    topic: z.string(),
    event: z.string().optional(),
    at: z.string().openapi({ format: 'date-time' }),
  })
  .openapi('Schedule');
const common = { tags: ['Scheduling'], security: [{ bearer: [] }] };
const one = { request: { params: z.object({ id: z.string() }) } };
const notFound = toProblemAnswer(
  'There is none of this id, it was published, or the token may not publish to its topic.',
);
const failures = {
  400: toProblemAnswer('The URL can not be read.'),
  401: toProblemAnswer('No token, or one that is not valid.'),
  403: toProblemAnswer('The cookie comes from a foreign page.'),
  421: toProblemAnswer('Another cell serves this tenant; host is the URL of its ingest.'),
  422: toProblemAnswer('A parameter is not allowed.'),
  503: toProblemAnswer('The broker is away. Try again: repeating it is safe.'),
};

const listRoute = createRoute({
  ...common,
  method: 'get',
  path: '/v1/schedules',
  summary: 'List the events that wait for their time',
  description:
    'Those of the tenant on topics that the token may publish to, in the order in which they were taken. next is there when there may be more, and a page may be empty before the last.',
  request: {
    query: z.object({
      limit: z.string().optional().openapi({ type: 'integer', example: '100' }),
      after: z.string().optional().openapi({ description: 'The next of the page before.' }),
    }),
  },
  responses: {
    200: {
      description: 'A page.',
      content: {
        'application/json': { schema: z.object({ schedules: z.array(scheduleSchema), next: z.string().optional() }) },
      },
    },
    ...failures,
  },
});
const getRoute = createRoute({
  ...common,
  ...one,
  method: 'get',
  path: '/v1/schedules/{id}',
  summary: 'Look at an event that waits for its time',
  responses: {
    200: { description: 'It waits.', content: { 'application/json': { schema: scheduleSchema } } },
    404: notFound,
    ...failures,
  },
});
const cancelRoute = createRoute({
  ...common,
  ...one,
  method: 'delete',
  path: '/v1/schedules/{id}',
  summary: 'Cancel an event that waits for its time',
  responses: {
    204: { description: 'It is never published.' },
    404: notFound,
    413: toProblemAnswer('There is a body: what is cancelled stands in the path alone.'),
    ...failures,
  },
});

/** Adds the requests about scheduled events. Who may publish to a topic sees and cancels what is scheduled on it. */
export function addSchedules(app: ServiceApp, parts: ScheduleRouteParts): void {
  const { broker, audit } = parts;
  for (const route of [listRoute, getRoute, cancelRoute]) app.openAPIRegistry.registerPath(route);
  app.get(listRoute.path, async (context) => {
    const { grant, query } = await identify(context, parts, ['limit', 'after']);
    const limit = parseLimit(query);
    const after = parseAfter(query);
    return answerJson(context, 200, await listFor(grant, broker, after, limit));
  });
  app.get('/v1/schedules/:id', async (context) => {
    const { grant } = await identify(context, parts);
    return answerJson(context, 200, toView(await find(context, grant, parts)));
  });
  app.delete('/v1/schedules/:id', async (context) => {
    const { grant } = await identify(context, parts);
    await readBody(context.env.incoming, context.env.outgoing, 0);
    const { id, event } = await find(context, grant, parts);
    if (!(await broker.schedules.cancel(grant.tenant, id))) throw missing();
    audit.record(context, { did: 'unscheduled', topics: [event.topic] });
    return new Response(null, { status: 204 });
  });
}

async function identify(
  context: ServiceContext,
  { authenticator, cell }: ScheduleRouteParts,
  known: readonly string[] = [],
): Promise<{ grant: Grant; query: Query }> {
  const query = parseQuery(context.env.incoming.url ?? '');
  const { grant } = await authenticateWriter(context, query, authenticator);
  refuseUnknown(query, [...known, 'access_token']);
  cell?.assertTenant(grant.tenant);
  return { grant, query };
}

// Whether there is one that the token may not publish to is not said.
async function find(context: ServiceContext, grant: Grant, { broker }: ScheduleRouteParts): Promise<Schedule> {
  const id = pathSegment(context.env.incoming, 3);
  const found = IS_ID.test(id) ? await broker.schedules.get(grant.tenant, id) : undefined;
  if (found === undefined || !mayPublish(grant, found.event.topic)) throw missing();
  return found;
}

interface ScheduleList {
  readonly schedules: readonly ScheduleView[];
  readonly next?: string;
}

async function listFor(
  grant: Grant,
  { schedules }: ScheduleRouteParts['broker'],
  after: number,
  limit: number,
): Promise<ScheduleList> {
  const views: ScheduleView[] = [];
  let from: number | undefined = after;
  for (let read = 0; from !== undefined && views.length < limit && read < MOST_READ; ) {
    const page: Awaited<ReturnType<typeof schedules.list>> = await schedules.list(
      grant.tenant,
      from,
      Math.min(limit - views.length, MOST_AT_ONCE),
    );
    views.push(...page.schedules.filter(({ event }) => mayPublish(grant, event.topic)).map(toView));
    read += page.schedules.length;
    from = page.next;
  }
  return { schedules: views, ...(from !== undefined && { next: from.toString(36) }) };
}

interface ScheduleView {
  readonly id: string;
  readonly topic: string;
  readonly event: string | undefined;
  readonly at: string;
}

const toView = ({ id, dueMs, event }: Schedule): ScheduleView => ({
  id,
  topic: event.topic,
  event: event.event || undefined,
  at: new Date(dueMs).toISOString(),
});

const missing = (): TidingsError => new TidingsError('not-found', 'No scheduled event of this id waits.');

function parseLimit(query: Query): number {
  const text = singleValue(query, 'limit') ?? `${DEFAULT_LIMIT}`;
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_SCHEDULE_LIST) return limit;
  const detail = `limit is a whole number from 1 to ${MAX_SCHEDULE_LIST}.`;
  throw new TidingsError('invalid-field', detail, { parameter: 'limit' });
}

function parseAfter(query: Query): number {
  const text = singleValue(query, 'after');
  if (text === undefined) return 0;
  if (IS_PLACE.test(text)) return Number.parseInt(text, 36);
  throw new TidingsError('invalid-field', 'after is the next of a page before.', { parameter: 'after' });
}
