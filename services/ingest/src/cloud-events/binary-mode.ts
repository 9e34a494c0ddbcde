import { type ErrorDetails, TidingsError } from '@tidings/protocol';
import { assertText, checkShape, decodeText, parseJson, type RequestHead } from '@tidings/runtime';
import type { Payload, ValidEvent } from '../validate.ts';
import { type CloudEventTarget, cloudEventSchema, dataKindOf, NO_DATA, toCloudEventInputs } from './cloud-event.ts';

const attributesSchema = cloudEventSchema.pick({
  specversion: true,
  id: true,
  source: true,
  type: true,
  subject: true,
  tidingstopic: true,
});

/**
 * Reads a CloudEvent whose attributes stand in `ce-` headers and whose data is the body (HTTP protocol binding section
 * 3.1).
 * @throws TidingsError as `validateCloudEvent`, with the header as the parameter; `malformed-body`,
 *   `unsupported-media-type`.
 */
export function readBinaryMode(headers: RequestHead['headers'], body: Buffer, target: CloudEventTarget): ValidEvent {
  const given: Record<string, string> = {};
  for (const name of Object.keys(attributesSchema.shape)) {
    const value = headers[`ce-${name}`];
    if (typeof value === 'string') given[name] = decodeValue(value, `ce-${name}`);
  }
  const attributes = checkAttributes(given);
  return toCloudEventInputs(attributes, toPayload(headers['content-type'], body), target, inHeader);
}

const inHeader = (attribute: string): ErrorDetails => (attribute === 'data' ? {} : { parameter: `ce-${attribute}` });

function checkAttributes(given: object): ReturnType<typeof attributesSchema.parse> {
  try {
    return checkShape(attributesSchema, given, 'parameter');
  } catch (error) {
    if (!(error instanceof TidingsError)) throw error;
    throw new TidingsError(error.code, error.message, inHeader(error.details.parameter ?? ''));
  }
}

/** The value of an attribute in a header (section 3.1.3.2): quotes around it are taken away, then it is percent-decoded. */
function decodeValue(text: string, parameter: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text)?.[1];
  const plain = quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1');
  try {
    if (/^[\x20-\x7e]*$/.test(plain)) return decodeURIComponent(plain);
  } catch {
    // Said below, as of any other.
  }
  throw new TidingsError('invalid-field', 'What is not ASCII must be percent-encoded UTF-8.', { parameter });
}

function toPayload(contentType: string | undefined, data: Buffer): Payload {
  if (contentType === undefined && data.length === 0) return NO_DATA;
  const kind = dataKindOf(contentType ?? '');
  if (kind === undefined) throw new TidingsError('unsupported-media-type', 'Say in Content-Type what the data is.');
  if (kind === 'base64') return { data: Buffer.from(data.toString('base64')), json: false };
  if (kind === 'json') parseJson(decodeText(data));
  else assertText(data);
  return { data, json: kind === 'json' };
}
