import { isUtf8 } from 'node:buffer';
import { z } from '@hono/zod-openapi';
import { type ErrorDetails, parseTopic, TidingsError } from '@tidings/protocol';
import { checkShape, parseMediaType } from '@tidings/runtime';
import { toIdempotencyKey } from '../idempotency-key.ts';
import {
  type EventFields,
  type EventRules,
  encodePayload,
  type FieldPlace,
  type Payload,
  toInputs,
  type ValidEvent,
} from '../validate.ts';

// CloudEvents 1.0.2 section 3.1: none of the required attributes is empty. Extensions are whatever they are.
const attribute = z.string().min(1);

/** A CloudEvent in the JSON event format: it validates what comes in and documents it at /openapi.json. */
export const cloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0', 'must be 1.0'),
    id: attribute.openapi({ description: 'With source the idempotency key.' }),
    source: attribute.regex(/^[^\s\p{Cc}\p{Cs}]*$/u, 'must be a URI reference').openapi({ example: '/shop' }),
    type: attribute.openapi({ description: 'The name of the event.', example: 'com.example.order.shipped' }),
    subject: attribute.nullish().openapi({ description: 'The topic, without tidingstopic.', example: 'orders.42' }),
    tidingstopic: attribute.nullish().openapi({ description: 'The topic, before subject.' }),
    datacontenttype: attribute.nullish().openapi({ example: 'application/json' }),
    data: z.unknown().optional(),
    data_base64: z.string().nullish(),
  })
  .openapi('CloudEvent');

/** The attributes that are looked at, in whatever form they came. */
export type CloudEventAttributes = Pick<
  z.infer<typeof cloudEventSchema>,
  'id' | 'source' | 'type' | 'subject' | 'tidingstopic'
>;

/** What the request says of its CloudEvents beside themselves. */
export interface CloudEventTarget {
  /** Of a raw route, before what they say; `undefined`: each says its own. */
  readonly topic: string | undefined;
  readonly fields: EventFields;
  readonly tenant: string;
  readonly rules: EventRules;
}

/**
 * Checks a CloudEvent in the JSON event format.
 * @throws TidingsError as `validateEvent`, with a pointer into the CloudEvent.
 */
export function validateCloudEvent(value: unknown, target: CloudEventTarget): ValidEvent {
  const event = checkShape(cloudEventSchema, value, 'pointer');
  const place = (name: string): ErrorDetails => ({ pointer: `/${name}` });
  return toCloudEventInputs(event, toPayload(event), target, place);
}

/** One CloudEvent as an event (ADR 0032). @param place how a fault names an attribute. */
export function toCloudEventInputs(
  { id, source, type, subject, tidingstopic }: CloudEventAttributes,
  payload: Payload,
  { topic, fields, tenant, rules }: CloudEventTarget,
  place: (attribute: string) => ErrorDetails,
): ValidEvent {
  const named = tidingstopic ?? subject ?? undefined;
  if (topic === undefined && named === undefined) {
    throw new TidingsError(
      'invalid-field',
      'The topic is missing: subject, or the extension tidingstopic.',
      place('subject'),
    );
  }
  const where = place(tidingstopic ? 'tidingstopic' : 'subject');
  const chosen = topic ?? parseTopic(named ?? '', where);
  const placeOf: FieldPlace = (field) => {
    if (field === 'data') return place('data');
    return field === 'event' && fields.event === undefined ? place('type') : { parameter: field };
  };
  // The query of a raw route says more than the CloudEvent, as its path does.
  const all = { ...fields, event: fields.event ?? type };
  return toInputs([chosen], all, toIdempotencyKey(source, id), payload, tenant, rules, placeOf);
}

/** How data of a media type is delivered. */
export type DataKind = 'json' | 'text' | 'base64';

/**
 * By its media type alone, so that what a source sends is always delivered in the same way: JSON as JSON, text as text,
 * and all else as Base64, since an event stream is text.
 */
export function dataKindOf(contentType: string): DataKind | undefined {
  const media = parseMediaType(contentType);
  if (media === undefined) return undefined;
  if (media.charset !== 'utf-8') return 'base64';
  if (/^[^/]+\/(json|.+\+json)$/.test(media.type)) return 'json';
  return /^(text\/.+|application\/(xml|.+\+xml|x-www-form-urlencoded))$/.test(media.type) ? 'text' : 'base64';
}

export const NO_DATA: Payload = { data: new Uint8Array(0), json: false };

function toPayload({ datacontenttype, data, data_base64 }: z.infer<typeof cloudEventSchema>): Payload {
  // JSON event format section 3.1: without a media type it is JSON.
  const kind = dataKindOf(datacontenttype ?? 'application/json');
  if (kind === undefined) {
    throw new TidingsError('invalid-field', 'This is no media type.', { pointer: '/datacontenttype' });
  }
  if (typeof data_base64 === 'string') {
    if (data !== undefined) {
      throw new TidingsError('invalid-field', 'There is data too: only one of them may be.', {
        pointer: '/data_base64',
      });
    }
    return decodePayload(data_base64, kind);
  }
  if (data === undefined) return NO_DATA;
  if (kind !== 'json' || typeof data !== 'string') return encodePayload(data);
  return { data: Buffer.from(JSON.stringify(data)), json: true };
}

function decodePayload(base64: string, kind: DataKind): Payload {
  const data = Buffer.from(base64, 'base64');
  const fault = (detail: string): TidingsError =>
    new TidingsError('invalid-field', detail, { pointer: '/data_base64' });
  // The decoder passes over what is no Base64.
  if (data.toString('base64') !== base64) throw fault('This is no Base64.');
  if (kind === 'base64') return { data: Buffer.from(base64), json: false };
  if (!isUtf8(data)) throw fault('This is not valid UTF-8, as its datacontenttype says.');
  if (kind === 'json' && !isJson(data)) throw fault('This is not valid JSON, as its datacontenttype says.');
  return { data, json: kind === 'json' };
}

function isJson(data: Buffer): boolean {
  try {
    JSON.parse(data.toString());
    return true;
  } catch {
    return false;
  }
}
