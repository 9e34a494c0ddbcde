import type { EventOptions } from '@tidings/sdk/publisher';
import { CommandError, EXIT } from '../command-error.ts';
import { readAll, readLines } from './lines.ts';
import type { PublishWish } from './wish.ts';

/** An event as `POST /v1/events` takes it; with a topic, topics or a user, or none: the hub says what is wrong with it. */
export interface OutgoingEvent extends EventOptions {
  readonly topic?: string;
  readonly topics?: readonly string[];
  readonly user?: string;
  readonly data: unknown;
}

/** An event and the line of standard input that it comes from, from 1; without one it is the only event. */
export interface SourcedEvent {
  readonly line: number | undefined;
  readonly event: OutgoingEvent;
}

/**
 * The events of a wish in order, those together that came together.
 * @param onBytes is told how much of standard input has been read.
 * @throws CommandError for a line that can't be used; those before it have been handed over.
 */
export async function* readEvents(
  wish: PublishWish,
  stdin: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): AsyncGenerator<readonly SourcedEvent[]> {
  const { mode, id, isFinal } = wish;
  if (mode === 'data' || mode === 'raw') {
    const event = toEvent(mode === 'raw' ? await readAll(stdin) : wish.data, wish, undefined);
    yield [{ line: undefined, event: { ...event, ...(id !== undefined && { id }), ...(isFinal && { final: true }) } }];
    return;
  }
  const batches = numberLines(readLines(stdin, onBytes), wish);
  yield* isFinal ? withFinalLast(batches) : batches;
}

async function* numberLines(
  batches: AsyncIterable<readonly string[]>,
  wish: PublishWish,
): AsyncGenerator<readonly SourcedEvent[]> {
  let line = 0;
  for await (const texts of batches) {
    const events: SourcedEvent[] = [];
    let fault: unknown;
    for (const text of texts) {
      line += 1;
      // A file that is put together often has such lines.
      if (wish.mode === 'ndjson' && text.trim() === '') continue;
      try {
        events.push({ line, event: wish.mode === 'ndjson' ? parseEvent(text, line) : toLineEvent(text, wish, line) });
      } catch (error) {
        fault = error;
        break;
      }
    }
    if (events.length > 0) yield events;
    if (fault) throw fault;
  }
}

// Which one is the last is known once there is no other.
async function* withFinalLast(
  batches: AsyncIterable<readonly SourcedEvent[]>,
): AsyncGenerator<readonly SourcedEvent[]> {
  let held: SourcedEvent | undefined;
  for await (const batch of batches) {
    const events = held ? [held, ...batch] : [...batch];
    held = events.pop();
    if (events.length > 0) yield events;
  }
  if (!held) throw new CommandError('There is nothing on standard input, so there is no final event.', EXIT.data);
  yield [{ ...held, event: { ...held.event, final: true } }];
}

function toLineEvent(text: string, wish: PublishWish, line: number): OutgoingEvent {
  return { ...toEvent(text, wish, line), ...(wish.id !== undefined && { id: `${wish.id}-${line}` }) };
}

function toEvent(text: string, { fields, isJson }: PublishWish, line: number | undefined): OutgoingEvent {
  return { ...fields, data: isJson ? parseJson(text, line) : text };
}

function parseEvent(text: string, line: number): OutgoingEvent {
  const value = parseJson(text, line);
  if (isEvent(value)) return value;
  throw new CommandError(`Line ${line} is no event: an object with topic and data.`, EXIT.data);
}

// As much as the publisher counts on.
function isEvent(value: unknown): value is OutgoingEvent {
  if (typeof value !== 'object' || value === null || !('data' in value)) return false;
  return !('topics' in value) || Array.isArray(value.topics);
}

// Without the parser's message, which quotes the payload.
function parseJson(text: string, line: number | undefined): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`${line === undefined ? 'The payload' : `Line ${line}`} is no JSON.`, EXIT.data, cause);
  }
}
