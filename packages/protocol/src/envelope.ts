import { encodeCursor } from './cursor.ts';
import type { Message } from './message.ts';

/**
 * The envelope of an event as compact JSON (contract section 5), for `format=envelope` and history reads. A JSON payload
 * is embedded byte for byte, so its numbers keep their exact text; any other is quoted as a string. A live-only event
 * has no `id`.
 */
export function encodeEnvelope(message: Message, epoch: string): Buffer {
  const id = message.seq === 0 ? '' : `"id":${JSON.stringify(encodeCursor(epoch, message.seq))},`;
  const event = message.event === '' ? '' : `"event":${JSON.stringify(message.event)},`;
  const time = new Date(message.timeMs).toISOString();
  const head = `{${id}"topic":${JSON.stringify(message.topic)},${event}"time":"${time}","data":`;
  const data = message.json ? message.data : Buffer.from(JSON.stringify(Buffer.from(message.data).toString()));
  return Buffer.concat([Buffer.from(head), data, CLOSE]);
}

// Not a Buffer, or pages could not load this module.
const CLOSE = new TextEncoder().encode('}');
