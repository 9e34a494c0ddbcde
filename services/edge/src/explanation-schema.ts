import { z } from '@hono/zod-openapi';
import type { Explanation, SessionExplanation } from '@tidings/protocol';

const time = z.string().openapi({ example: '2026-05-01T12:00:00.000Z', description: 'RFC 3339.' });
const certainty = z.enum(['yes', 'no', 'unknown']);

const sessionSchema = z
  .object({
    id: z.string(),
    edge: z.string().openapi({ description: 'The node that held the stream.' }),
    opened: time,
    closed: time.optional().openapi({ description: 'Left out while it is open.' }),
    end: z.string().optional().openapi({ description: 'A reason of hub.bye, gone, or log-began-anew.' }),
    topics: z.array(z.string()).openapi({ description: 'What it asked for when the event came.' }),
    matched: z.array(z.string()).optional().openapi({ description: 'Those of them that match.' }),
    granted: z.boolean().optional().openapi({ description: 'Whether its token granted the topic then.' }),
    resumedFrom: z.string().optional().openapi({ description: 'The cursor that it came with.' }),
    written: certainty.openapi({ description: 'Whether it was handed to the connection.' }),
    writtenBy: time.optional().openapi({ description: 'By this time at the latest.' }),
    why: z
      .enum([
        'no-topic',
        'opened-after',
        'excluded',
        'gap',
        'closed-before',
        'not-yet',
        'other-log',
        'event-unknown',
        'newest-only',
        'replayed',
        'changed-meanwhile',
        'forgotten',
        'unsent',
      ])
      .optional(),
    acknowledged: certainty.openapi({
      description: 'Whether a later stream of the client came with a cursor after it.',
    }),
    acknowledgedBy: z.object({ session: z.string(), at: time }).optional(),
    text: z.string().openapi({ description: 'The same in a sentence.' }),
  } satisfies Record<keyof SessionExplanation, z.ZodType>)
  .openapi('SessionExplanation');

/** The answer of `GET /v1/explain`, for its document alone. */
export const explanationSchema = z
  .object({
    conclusion: z.string().openapi({ description: 'The answer in plain words.' }),
    delivered: z.enum(['acknowledged', 'written', 'no', 'unknown']),
    user: z.string(),
    event: z.object({
      id: z.string(),
      state: z.enum(['stored', 'evicted', 'gone', 'never', 'other-log']),
      topic: z.string().optional(),
      event: z.string().optional(),
      time: time.optional(),
      exclude: z.string().optional(),
    }),
    sessions: z.array(sessionSchema),
    nodes: z.array(z.object({ node: z.string(), since: time, journal: z.boolean(), complete: z.boolean() })),
    lost: z
      .array(z.object({ node: z.string(), since: time, heard: time }))
      .openapi({ description: 'Nodes that served since the event and do not answer any more.' }),
  } satisfies Record<keyof Explanation, z.ZodType>)
  .openapi('Explanation');
