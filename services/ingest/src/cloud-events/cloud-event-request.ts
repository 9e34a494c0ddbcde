import { TidingsError } from '@tidings/protocol';
import { decodeText, parseJson, parseMediaType, type RequestHead } from '@tidings/runtime';
import { type ReadEvent, readArray } from '../batch.ts';
import type { ValidEvent } from '../validate.ts';
import { readBinaryMode } from './binary-mode.ts';
import { type CloudEventTarget, validateCloudEvent } from './cloud-event.ts';

/** How a request carries CloudEvents (HTTP protocol binding section 3). */
export type ContentMode = 'structured' | 'batch' | 'binary';

/** The content mode of a request, or `undefined` when it carries none. */
export function contentModeOf(headers: RequestHead['headers']): ContentMode | undefined {
  const type = headers['content-type'];
  // Nearly every request has neither, and is done with two look-ups.
  if (type?.toLowerCase().startsWith('application/cloudevents')) return ofMediaType(type);
  return headers['ce-specversion'] === undefined ? undefined : 'binary';
}

function ofMediaType(contentType: string): ContentMode {
  const media = parseMediaType(contentType);
  if (media?.charset === 'utf-8') {
    if (media.type === 'application/cloudevents+json') return 'structured';
    if (media.type === 'application/cloudevents-batch+json') return 'batch';
  }
  throw new TidingsError('unsupported-media-type', 'CloudEvents are taken as JSON, in UTF-8, and by ce- headers.');
}

/** Where CloudEvents go that were read. */
export interface CloudEventOutlet {
  one(event: ValidEvent): Promise<Response>;
  /** `validate` is what is to be done with each once it is read. */
  many(events: readonly ReadEvent[], validate: (value: unknown) => ValidEvent): Promise<Response>;
}

/** Reads the CloudEvents of a request and hands them on. @throws TidingsError as `validateCloudEvent` and `readArray`. */
export async function takeCloudEvents(
  mode: ContentMode,
  headers: RequestHead['headers'],
  body: Buffer,
  target: CloudEventTarget,
  outlet: CloudEventOutlet,
): Promise<Response> {
  if (mode === 'binary') return outlet.one(readBinaryMode(headers, body, target));
  const value = parseJson(decodeText(body));
  if (mode === 'structured') return outlet.one(validateCloudEvent(value, target));
  if (!Array.isArray(value)) throw new TidingsError('invalid-field', 'A batch is an array.', { pointer: '' });
  return outlet.many(readArray(value), (event) => validateCloudEvent(event, target));
}
