import { z } from '@hono/zod-openapi';
import { isWildcard, MAX_REPLAY_COUNT, MAX_STREAM_TOPICS, parsePattern, TidingsError } from '@tidings/protocol';
import { checkShape, type FaultPlace, parseRfc3339, type Query, refuseUnknown, singleValue } from '@tidings/runtime';
import type { Format } from './item.ts';

/** What is to be replayed when there is no cursor. */
export type Replay = 'none' | 'all' | 'last' | { readonly count: number } | { readonly sinceMs: number };

/** What a subscriber asks for, validated. */
export interface StreamWish {
  /** Topics and patterns, each once; empty: the caller's own. */
  readonly topics: readonly string[];
  /** Cursor text as it came, not yet parsed; `undefined` without one. */
  readonly cursor: string | undefined;
  readonly replay: Replay;
  readonly lag: 'resume' | 'latest';
  readonly format: Format;
  /** A finite stream (contract section 6). */
  readonly untilFinal: boolean;
  /** Declares that it understands 429, 503 and `Retry-After`. */
  readonly client: string | undefined;
}

/** The forms that `replay` has in a body. */
export const replaySchema = z.union([z.string(), z.int()]);

/** The fields of a stream request: the query of GET and the body of POST, and their documentation. */
export const streamSchema = z
  .strictObject({
    topic: z
      .array(z.string())
      .min(1)
      .max(MAX_STREAM_TOPICS)
      .optional()
      .openapi({ description: "Topics or patterns. None: the caller's own.", example: ['orders.*'] }),
    last_event_id: z.string().optional().openapi({ description: 'Resume position; the header Last-Event-ID wins.' }),
    replay: replaySchema.optional().openapi({
      description: 'Without a cursor: none, all, last, a count from 1 to 10,000, or an RFC 3339 time.',
      example: 'none',
    }),
    lag: z
      .enum(['resume', 'latest'])
      .optional()
      .openapi({ description: 'What a slow reader gets when it reads again.' }),
    format: z
      .enum(['data', 'envelope', 'cloudevents'])
      .optional()
      .openapi({ description: 'What data: holds: the payload, the envelope, or a CloudEvent.' }),
    until: z
      .enum(['final'])
      .optional()
      .openapi({ description: 'A finite stream: closes after the final event of every topic.' }),
    client: z
      .string()
      .regex(/^[\w.-]{1,64}\/[\w.+-]{1,64}$/, 'must be name/version')
      .optional()
      .openapi({ description: 'Declares a client that understands 429, 503 and Retry-After.', example: 'my-app/1.0' }),
  })
  .openapi('StreamRequest');

/**
 * The query of a GET as the fields of a body.
 * @throws TidingsError `unknown-field`, `invalid-field` for a repeated parameter.
 */
export function fieldsOfQuery(query: Query): Record<string, unknown> {
  const names = Object.keys(streamSchema.shape);
  refuseUnknown(query, [...names, 'access_token']);
  const fields: Record<string, unknown> = {};
  for (const name of names) {
    if (query.has(name)) fields[name] = name === 'topic' ? query.get(name) : singleValue(query, name);
  }
  return fields;
}

/**
 * Checks the fields of a stream request.
 * @param lastEventId the header; an empty one counts as none.
 * @throws TidingsError `unknown-field`, `invalid-field`, `invalid-topic`, each naming its parameter.
 */
export function parseWish(
  fields: unknown,
  lastEventId: string | undefined,
  nowMs: number,
  place: FaultPlace,
): StreamWish {
  const {
    topic = [],
    last_event_id,
    replay,
    lag = 'resume',
    format = 'data',
    until,
    client,
  } = checkShape(streamSchema, fields, place);
  const topics = [...new Set(topic.map((each) => parsePattern(each, { parameter: 'topic' })))];
  const untilFinal = until === 'final';
  if (untilFinal && (topics.length === 0 || topics.some(isWildcard))) {
    throw new TidingsError('invalid-field', 'until=final needs topics by name, not patterns.', { parameter: 'until' });
  }
  const cursor = lastEventId || last_event_id || undefined;
  // A finite stream is seen from its start unless it asks otherwise.
  const chosen = replay === undefined ? (untilFinal ? 'all' : 'none') : parseReplay(`${replay}`, nowMs);
  return { topics, cursor, replay: chosen, lag, format, untilFinal, client };
}

/** @throws TidingsError `invalid-field`. */
export function parseReplay(text: string, nowMs: number): Replay {
  if (text === 'none' || text === 'all' || text === 'last') return text;
  if (/^\d{1,5}$/.test(text)) {
    const count = Number(text);
    if (count >= 1 && count <= MAX_REPLAY_COUNT) return { count };
  }
  const sinceMs = parseRfc3339(text);
  if (sinceMs <= nowMs) return { sinceMs };
  const detail = `replay is none, all, last, a count from 1 to ${MAX_REPLAY_COUNT}, or an RFC 3339 time that has passed.`;
  throw new TidingsError('invalid-field', detail, { parameter: 'replay' });
}
