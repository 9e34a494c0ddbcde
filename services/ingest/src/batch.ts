import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Grant } from '@tidings/auth';
import { MAX_BATCH_EVENTS, MAX_NDJSON_LINES, TidingsError } from '@tidings/protocol';
import { decodeText, type Logger, type Metrics, parseJson } from '@tidings/runtime';
import { type Publish, type PublishResult, toFailure } from './publish.ts';
import { type EventRules, validateEvent } from './validate.ts';

// Events published in one turn of the event loop, so that a full body of small events holds up nobody's stream.
const TURN_EVENTS = 500;

/** Reads one event of a batch; throws TidingsError for one that can't be read. */
export type ReadEvent = () => unknown;

/** @throws TidingsError `empty-batch`, `batch-too-large`. */
export function readArray(values: readonly unknown[]): ReadEvent[] {
  if (values.length === 0) throw new TidingsError('empty-batch', 'The array is empty.');
  if (values.length > MAX_BATCH_EVENTS) {
    throw new TidingsError('batch-too-large', `An array may have ${MAX_BATCH_EVENTS} events.`);
  }
  return values.map((value) => () => value);
}

/**
 * Splits NDJSON into its lines; blank ones do not count. Each line is parsed on its own, so a bad one fails alone.
 * @throws TidingsError `empty-batch`, `batch-too-large`; `malformed-body` when the text is not UTF-8.
 */
export function readLines(body: Uint8Array): ReadEvent[] {
  const lines = decodeText(body)
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length === 0) throw new TidingsError('empty-batch', 'There is no line in the body.');
  if (lines.length > MAX_NDJSON_LINES)
    throw new TidingsError('batch-too-large', `NDJSON may have ${MAX_NDJSON_LINES} lines.`);
  return lines.map((line) => () => parseJson(line));
}

/** What a batch is published with. */
export interface BatchContext {
  readonly grant: Grant;
  /** `Idempotency-Key` of the request; each event of a batch gets its own place added. Empty: none. */
  readonly idempotencyKey: string;
  readonly rules: EventRules;
  readonly publish: Publish;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Publishes every event of a batch in order and answers one result for each event and topic. */
export async function publishBatch(events: readonly ReadEvent[], context: BatchContext): Promise<PublishResult[]> {
  const { grant, idempotencyKey, rules, publish, metrics, log } = context;
  const results: PublishResult[] = [];
  for (let start = 0; start < events.length; start += TURN_EVENTS) {
    if (start > 0) await nextTurn();
    const turn = events.slice(start, start + TURN_EVENTS).map(async (read, place) => {
      const index = start + place;
      try {
        const id = idempotencyKey === '' ? '' : `${idempotencyKey}.${index}`;
        return await publish(grant, validateEvent(read(), grant.tenant, id, rules), index);
      } catch (error) {
        return [toFailure(error, index, metrics, log)];
      }
    });
    results.push(...(await Promise.all(turn)).flat());
  }
  return results;
}
