import { z } from '@hono/zod-openapi';
import { MAX_FANOUT_TOPICS, MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_SCHEDULE_AHEAD_SEC } from '@tidings/protocol';
import { problemSchema } from '@tidings/runtime';

// The one description of an event: it validates what comes in and documents it at /openapi.json.

const idempotencyKey = z
  .string()
  .min(1)
  .max(MAX_IDEMPOTENCY_KEY_CHARACTERS)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must have no control characters');

const sessionId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[\w-]*$/, 'must be a session id');

export const eventSchema = z
  .strictObject({
    topic: z.string().optional().openapi({ description: 'Where it goes.', example: 'orders.42' }),
    topics: z
      .array(z.string())
      .min(1)
      .max(MAX_FANOUT_TOPICS)
      .optional()
      .openapi({ description: 'Fan-out: the same event to each of these topics.' }),
    user: z.string().optional().openapi({ description: 'Goes to topic user.<user>.', example: 'alice' }),
    event: z
      .string()
      .optional()
      .openapi({ description: 'Event name; left out for an unnamed event.', example: 'status' }),
    data: z
      .unknown()
      .refine((value) => value !== undefined, 'data is missing')
      .openapi({
        description: 'The payload: a string as it is, any other JSON value as compact JSON.',
        example: { state: 'shipped' },
      }),
    id: idempotencyKey.optional().openapi({
      description: 'Idempotency key: the same one on the same topic within two minutes is stored once.',
      example: 'order-42-shipped',
    }),
    ttl: z.int().min(1).optional().openapi({ description: 'Whole seconds kept in history.', example: 3600 }),
    store: z.boolean().optional().openapi({ description: 'false: live only, no history, no id on the wire.' }),
    final: z.boolean().optional().openapi({ description: 'The last event of a finite topic.' }),
    exclude: sessionId.optional().openapi({ description: 'The session that must not get it.' }),
    at: z.string().optional().openapi({
      description: 'When it is to be published, RFC 3339, up to 366 days ahead; a time that has passed is now.',
      format: 'date-time',
    }),
    delay: z.int().min(0).max(MAX_SCHEDULE_AHEAD_SEC).optional().openapi({
      description: 'In how many seconds it is to be published; in place of at.',
    }),
  })
  .openapi('Event');

export type EventBody = z.infer<typeof eventSchema>;

/** The query of the raw routes: the same fields as text, where the payload is the whole body. */
export const rawQuerySchema = z.object({
  event: z.string().optional(),
  ttl: z
    .string()
    .regex(/^0*[1-9]\d{0,11}$/, 'must be whole seconds, 1 or more')
    .transform(Number)
    .optional()
    .openapi({ type: 'integer' }),
  final: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'boolean' }),
  store: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .openapi({ type: 'boolean' }),
  exclude: sessionId.optional(),
  at: z.string().optional().openapi({ format: 'date-time' }),
  delay: z
    .string()
    .regex(/^\d{1,12}$/, 'must be whole seconds')
    .transform(Number)
    .pipe(z.int().max(MAX_SCHEDULE_AHEAD_SEC))
    .optional()
    .openapi({ type: 'integer' }),
});

const scheduledSchema = z
  .object({ id: z.string(), at: z.string().openapi({ format: 'date-time' }) })
  .openapi('Scheduled');

export const acceptedSchema = z
  .object({
    id: z
      .string()
      .optional()
      .openapi({ description: 'Cursor of the event; absent for a live-only one.', example: '3f.9k2.x7a1' }),
    topic: z.string().openapi({ example: 'orders.42' }),
    duplicate: z.boolean().optional().openapi({ description: 'true: it was stored before under the same id.' }),
    schedule: scheduledSchema.optional().openapi({ description: 'In place of id: it is published at that time.' }),
  })
  .openapi('Accepted');

export const resultsSchema = z
  .object({
    results: z.array(
      z.object({
        status: z.int(),
        index: z.int().openapi({ description: "The event's place in the body, from 0." }),
        topic: z.string().optional(),
        id: z.string().optional(),
        duplicate: z.boolean().optional(),
        schedule: scheduledSchema.optional(),
        problem: problemSchema.optional(),
      }),
    ),
  })
  .openapi('Results');
