import type { IncomingMessage, ServerResponse } from 'node:http';
import { TidingsError } from '@tidings/protocol';
import { decodeText, parseJson, parseMediaType, readBody } from '@tidings/runtime';

/**
 * The JSON body of a request.
 * @param whenEmpty stands for a body that is left out; without it one is needed.
 * @throws TidingsError `unsupported-media-type`, `body-too-large`, `malformed-body`.
 */
export async function readJson(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
  whenEmpty?: unknown,
): Promise<unknown> {
  const media = parseMediaType(incoming.headers['content-type']);
  const isJson = media?.type === 'application/json' && media.charset === 'utf-8';
  const unsupported = (): TidingsError =>
    new TidingsError('unsupported-media-type', 'Send application/json, as UTF-8.');
  if (!isJson && whenEmpty === undefined) throw unsupported();
  const body = await readBody(incoming, outgoing, maxBytes);
  if (body.length === 0 && whenEmpty !== undefined) return whenEmpty;
  if (!isJson) throw unsupported();
  return parseJson(decodeText(body));
}
