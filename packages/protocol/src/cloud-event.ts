import { encodeCursor } from './cursor.ts';
import type { Message } from './message.ts';

/** The `type` of an event that has no name: what a page's EventSource calls it. */
export const UNNAMED_CLOUD_EVENT_TYPE = 'message';

/** The `source` of all events of a tenant: an absolute URI, as CloudEvents recommends. */
export function toCloudEventSource(tenant: string): string {
  return `urn:tidings:tenant:${encodeURIComponent(tenant)}`;
}

/**
 * An event as a CloudEvent 1.0 in the JSON event format, compact (ADR 0032), for `format=cloudevents`. A JSON payload is
 * embedded byte for byte; any other is quoted, as `text/plain`. `id` is the cursor, which no other event of any log has;
 * `tidingscursor` is the same where the event is stored. A live-only event has no cursor: its `id` is one of its own each
 * time that it is encoded.
 */
export function encodeCloudEvent(message: Message, epoch: string): Buffer {
  const { seq, tenant, topic, event, json, timeMs } = message;
  const cursor = seq === 0 ? undefined : encodeCursor(epoch, seq);
  const attributes = {
    specversion: '1.0',
    id: cursor ?? crypto.randomUUID(),
    source: toCloudEventSource(tenant),
    type: event === '' ? UNNAMED_CLOUD_EVENT_TYPE : event,
    subject: topic,
    time: new Date(timeMs).toISOString(),
    tidingscursor: cursor,
    datacontenttype: json ? 'application/json' : 'text/plain',
  };
  const head = JSON.stringify(attributes).slice(0, -1);
  const data = json ? message.data : Buffer.from(JSON.stringify(Buffer.from(message.data).toString()));
  return Buffer.concat([Buffer.from(`${head},"data":`), data, CLOSE]);
}

// Not a Buffer, or pages could not load this module.
const CLOSE = new TextEncoder().encode('}');
