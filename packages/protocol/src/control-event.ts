import type { GapReason, Goodbye } from './goodbye.ts';
import type { InboxRead } from './inbox.ts';
import { encodeEvent, encodeText, type Frame } from './sse-encoder.ts';

const NO_ID = '';

function encodeControl(event: string, id: string, body: object): Frame {
  return encodeEvent(event, id, Buffer.from(JSON.stringify(body)));
}

/** The first bytes of every stream: a comment that opens it through proxies, and the reconnect delay. */
export function encodeOpening(retryMs: number): Frame {
  return encodeText(`: ok\nretry: ${retryMs}\n\n`);
}

/** `hub.hello`, the first event of every stream; its id makes even a stream that drops at once resume exactly. */
export function encodeHello(
  cursor: string,
  hello: { session: string; topics: readonly string[]; resumed: boolean },
): Frame {
  return encodeControl('hub.hello', cursor, hello);
}

/** `hub.live`: everything to be replayed has been sent; what follows is live. */
export function encodeLive(): Frame {
  return encodeControl('hub.live', NO_ID, {});
}

/** `hub.gap`: history between the cursors is gone, and the client must reload its state. Carries `to` as its id. */
export function encodeGap(from: string, to: string, reason: GapReason): Frame {
  return encodeControl('hub.gap', to, { from, to, reason });
}

/** `hub.topics`: the topics of the stream were changed, and these are in force from here on. */
export function encodeTopics(topics: readonly string[]): Frame {
  return encodeControl('hub.topics', NO_ID, { topics });
}

/** `hub.read`: a user has read more of what is on `user.<id>`, on whichever page. */
export function encodeRead(read: InboxRead): Frame {
  return encodeControl('hub.read', NO_ID, read);
}

/** `hub.expiring`: the token ends in `inSec` seconds. */
export function encodeExpiring(inSec: number): Frame {
  return encodeControl('hub.expiring', NO_ID, { in: inSec });
}

/** `hub.bye` before a close by the server, together with the `retry:` that spreads the reconnects. */
export function encodeBye(reason: Goodbye, retryMs: number): Frame {
  return encodeText(`retry: ${retryMs}\nevent: hub.bye\ndata: ${JSON.stringify({ reason, retry: retryMs })}\n\n`);
}

/** An id-only block: moves the client's `Last-Event-ID` without an event. */
export function encodeCursorBlock(cursor: string): Frame {
  return encodeText(`id: ${cursor}\n\n`);
}

/** The heartbeat: a comment line that keeps proxies from closing a quiet stream. */
export function encodeHeartbeat(): Frame {
  return encodeText(':\n\n');
}
