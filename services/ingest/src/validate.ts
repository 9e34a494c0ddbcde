import type { TopicClasses } from '@tidings/auth';
import type { PublishInput } from '@tidings/broker';
import {
  type ErrorDetails,
  encodeData,
  parseEventName,
  parseTopic,
  TidingsError,
  toUserTopic,
} from '@tidings/protocol';
import { type Clock, checkShape } from '@tidings/runtime';
import { type EventBody, eventSchema } from './event-schema.ts';
import { parseDue } from './schedule-time.ts';

/** What an event may be, beyond its shape. */
export interface EventRules {
  readonly maxEventBytes: number;
  /** No ttl may be longer than history is kept. */
  readonly maxTtlSec: number;
  /** Defaults for what is published on a topic. */
  readonly classes: TopicClasses;
  readonly clock: Pick<Clock, 'now'>;
}

/** How a fault names the field that it is about. */
export type FieldPlace = (field: string) => ErrorDetails;

const inBody: FieldPlace = (field) => ({ pointer: `/${field}` });
// The payload of a raw route is the whole body, which has no name.
export const inUrl: FieldPlace = (field) => (field === 'data' ? {} : { parameter: field });

/** An event on one topic, and when it is to be published; it does not wait without. */
export type EventInput = PublishInput & { readonly dueMs?: number };

/** An event that is valid but for the right to publish it: one input for each topic it goes to. */
export type ValidEvent = readonly EventInput[];

/**
 * Checks one event of a JSON body.
 * @param fallbackId idempotency key of the request's header; the event's own `id` wins.
 * @throws TidingsError `unknown-field`, `invalid-field`, `invalid-topic`, `invalid-user`, `invalid-event-name` with a
 *   pointer into the event; `event-too-large`.
 */
export function validateEvent(value: unknown, tenant: string, fallbackId: string, rules: EventRules): ValidEvent {
  const body = checkShape(eventSchema, value, 'pointer');
  const payload = encodePayload(body.data);
  const topics = topicsOf(body);
  return toInputs(topics, body, body.id ?? fallbackId, payload, tenant, rules, inBody);
}

/** The fields of an event beside its topic, id and payload. */
export type EventFields = Pick<EventBody, 'event' | 'ttl' | 'store' | 'final' | 'exclude' | 'at' | 'delay'>;

/** What is delivered. */
export interface Payload {
  /** As UTF-8. */
  readonly data: Uint8Array;
  /** Whether it is JSON text that stands for a value. */
  readonly json: boolean;
}

/** Builds the inputs of an event whose topics and payload are known. @throws TidingsError as `validateEvent`. */
export function toInputs(
  topics: readonly string[],
  fields: EventFields,
  id: string,
  payload: Payload,
  tenant: string,
  rules: EventRules,
  place: FieldPlace,
): ValidEvent {
  const { event, ttl, final = false, exclude = '' } = fields;
  const { data, json } = payload;
  if (event !== undefined) parseEventName(event, place('event'));
  if (ttl !== undefined && ttl > rules.maxTtlSec) {
    const detail = `ttl is longer than history is kept, ${rules.maxTtlSec} seconds.`;
    throw new TidingsError('invalid-field', detail, place('ttl'));
  }
  if (data.length > rules.maxEventBytes) {
    throw new TidingsError('event-too-large', `An event may have ${rules.maxEventBytes} bytes.`, place('data'));
  }
  const dueMs = parseDue(fields, rules.clock.now(), place);
  return topics.map((topic) => {
    const topicClass = rules.classes.classOf(topic);
    const store = fields.store ?? topicClass?.store ?? true;
    if (final && !store) {
      // A resume must find the final event, or the stream would wait for it for ever.
      throw new TidingsError('invalid-field', 'A final event must be stored.', place('final'));
    }
    const ttlSec = ttl ?? topicClass?.ttl ?? 0;
    const input = { tenant, topic, event: event ?? '', data, json, final, exclude, store, id, ttlSec };
    return dueMs === undefined ? input : { ...input, dueMs };
  });
}

function topicsOf({ topic, topics, user }: EventBody): string[] {
  const named = Number(topic !== undefined) + Number(topics !== undefined) + Number(user !== undefined);
  if (named !== 1) {
    throw new TidingsError('invalid-field', 'Exactly one of topic, topics and user is needed.', { pointer: '' });
  }
  if (topic !== undefined) return [parseTopic(topic, { pointer: '/topic' })];
  if (user !== undefined) return [parseUser(user, inBody)];
  return [...new Set(topics?.map((each, place) => parseTopic(each, { pointer: `/topics/${place}` })))];
}

/** The personal topic of a user. @throws TidingsError `invalid-user` with the place of the field. */
export function parseUser(user: string, place: FieldPlace): string {
  try {
    return toUserTopic(user);
  } catch (error) {
    if (error instanceof TidingsError) throw new TidingsError(error.code, error.message, place('user'));
    throw error;
  }
}

/** A payload as a JSON value is delivered: a text as it is. @throws TidingsError `invalid-field`. */
export function encodePayload(value: unknown): Payload {
  const { text, json } = encodeData(value);
  return { data: Buffer.from(text), json };
}
