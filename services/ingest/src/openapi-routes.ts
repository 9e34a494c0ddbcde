import { createRoute, type RouteConfig, z } from '@hono/zod-openapi';
import { toProblemAnswer } from '@tidings/runtime';
import { cloudEventSchema } from './cloud-events/cloud-event.ts';
import { acceptedSchema, eventSchema, rawQuerySchema, resultsSchema } from './event-schema.ts';

const accepted = { 'application/json': { schema: acceptedSchema } };
const security = [{ bearer: [] }];
const failures = {
  400: toProblemAnswer('The body or the URL can not be read.'),
  401: toProblemAnswer('No token, or one that is not valid.'),
  403: toProblemAnswer('The token does not grant publishing to this topic.'),
  413: toProblemAnswer('The body, the event or the batch is too large.'),
  415: toProblemAnswer('Another media type, charset or encoding than the ones listed.'),
  421: toProblemAnswer('Another cell serves this tenant or user; host is the URL of its ingest. Nothing was stored.'),
  422: toProblemAnswer('A field has a wrong value; the pointer says which.'),
  429: toProblemAnswer(
    'A rate or the quota is used up, and nothing of the request was published; or too many scheduled events wait.',
  ),
  503: toProblemAnswer('The broker is away. Safe to retry with the same id.'),
};

// In binary mode the body is the data, of any media type, and ce- headers say the rest.
const cloudEventBodies = {
  'application/cloudevents+json': { schema: cloudEventSchema },
  'application/cloudevents-batch+json': { schema: z.array(cloudEventSchema) },
};

/** `POST /v1/events`, as /openapi.json describes it. */
export const eventsRoute: RouteConfig = createRoute({
  method: 'post',
  path: '/v1/events',
  tags: ['Publishing'],
  summary: 'Publish events',
  description:
    'One event as JSON, an array of up to 1,000, or NDJSON; or CloudEvents 1.0, structured, binary (ce- headers) or as a batch; up to 10,000 results in all, one for each event and topic. 202 only after the broker has the event durably.',
  security,
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: z.union([eventSchema, z.array(eventSchema)]) },
        'application/x-ndjson': { schema: z.string().openapi({ description: 'One event as JSON on each line.' }) },
        ...cloudEventBodies,
      },
    },
  },
  responses: {
    202: {
      description: 'Stored. Results for an array, NDJSON or topics.',
      content: { 'application/json': { schema: z.union([acceptedSchema, resultsSchema]) } },
    },
    207: { description: 'Some failed.', content: { 'application/json': { schema: resultsSchema } } },
    ...failures,
  },
});

const rawBody = {
  required: true,
  content: {
    'text/plain': { schema: z.string() },
    'application/json': { schema: z.unknown() },
    ...cloudEventBodies,
  },
};
/** `POST /v1/topics/{topic}/events`, as /openapi.json describes it. */
export const topicRoute: RouteConfig = createRoute({
  method: 'post',
  path: '/v1/topics/{topic}/events',
  tags: ['Publishing'],
  summary: 'Publish a payload as it is to a topic',
  security,
  request: { params: z.object({ topic: z.string() }), query: rawQuerySchema, body: rawBody },
  responses: { 202: { description: 'Stored.', content: accepted }, ...failures },
});
/** `POST /v1/users/{user}/events`, as /openapi.json describes it. */
export const userRoute: RouteConfig = createRoute({
  method: 'post',
  path: '/v1/users/{user}/events',
  tags: ['Publishing'],
  summary: 'Publish a payload as it is to a user',
  security,
  request: { params: z.object({ user: z.string() }), query: rawQuerySchema, body: rawBody },
  responses: { 202: { description: 'Stored.', content: accepted }, ...failures },
});
