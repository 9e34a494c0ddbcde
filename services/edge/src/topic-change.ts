import { z } from '@hono/zod-openapi';
import { MAX_STREAM_TOPICS, parsePattern, TidingsError } from '@tidings/protocol';
import { checkShape } from '@tidings/runtime';
import { parseReplay, replaySchema } from './stream-wish.ts';

/** A topic or pattern that is added to a stream, and what is replayed of it, as `replay` of a stream says it. */
export interface AddedTopic {
  readonly topic: string;
  readonly replay: string;
}

/** What a client wants changed about the topics of its stream. */
export interface TopicChange {
  readonly add: readonly AddedTopic[];
  readonly remove: readonly string[];
}

const replay = replaySchema.optional().openapi({ description: 'As in a request for a stream; none by default.' });

export const changeSchema = z
  .strictObject({
    add: z
      .array(z.union([z.string(), z.strictObject({ topic: z.string(), replay })]))
      .max(MAX_STREAM_TOPICS)
      .optional()
      .openapi({ description: 'Topics or patterns.', example: ['orders.*', { topic: 'chat.42', replay: 'last' }] }),
    remove: z
      .array(z.string())
      .max(MAX_STREAM_TOPICS)
      .optional()
      .openapi({ description: 'Topics or patterns as they were added.' }),
  })
  .openapi('SessionChange');

/**
 * Checks the body of a change.
 * @throws TidingsError `unknown-field`, `invalid-field`, `invalid-topic`, each with its pointer.
 */
export function parseChange(body: unknown, nowMs: number): TopicChange {
  const { add = [], remove = [] } = checkShape(changeSchema, body, 'pointer');
  // Of a topic that is named twice the last counts.
  const added = new Map<string, AddedTopic>();
  for (const each of add.map((entry, place) => parseAdded(entry, place, nowMs))) added.set(each.topic, each);
  return {
    add: [...added.values()],
    remove: remove.map((topic, place) => parsePattern(topic, { pointer: `/remove/${place}` })),
  };
}

function parseAdded(
  each: string | { topic: string; replay?: string | number | undefined },
  place: number,
  nowMs: number,
): AddedTopic {
  const { topic, replay = 'none' } = typeof each === 'string' ? { topic: each } : each;
  const pointer = typeof each === 'string' ? `/add/${place}` : `/add/${place}/topic`;
  checkReplay(`${replay}`, `/add/${place}/replay`, nowMs);
  return { topic: parsePattern(topic, { pointer }), replay: `${replay}` };
}

function checkReplay(text: string, pointer: string, nowMs: number): void {
  try {
    parseReplay(text, nowMs);
  } catch (error) {
    throw error instanceof TidingsError ? new TidingsError(error.code, error.message, { pointer }) : error;
  }
}

/**
 * The topics of a stream after a change.
 * @throws TidingsError `invalid-field` when they would be too many.
 */
export function applyChange(topics: readonly string[], { add, remove }: TopicChange): string[] {
  const next = new Set(topics);
  for (const topic of remove) next.delete(topic);
  for (const { topic } of add) next.add(topic);
  if (next.size <= MAX_STREAM_TOPICS) return [...next];
  throw new TidingsError('invalid-field', `A stream has ${MAX_STREAM_TOPICS} topics at the most.`, { pointer: '/add' });
}
