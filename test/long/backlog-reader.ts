import { connect } from 'node:net';

/** What came on one stream until it was live and had its backlog. */
export interface CaughtUp {
  readonly events: number;
  /** From the dial to `hub.live` and the last event of the backlog, whichever came later. */
  readonly ms: number;
}

/** The last byte of each payload, which stands nowhere else in a stream: events are counted by it. */
export const SENTINEL = '~';

const BYTE = SENTINEL.charCodeAt(0);
const LIVE = Buffer.from('event: hub.live\n');
const WITHIN_MS = 120_000;
// What comes twice comes soon.
const REPEATS_MS = 100;

export interface Resume {
  readonly edgeUrl: string;
  readonly topic: string;
  readonly token: string;
  readonly cursor: string;
  /** How many events it must get: the last of them may come live, when the edge is a moment behind the publisher. */
  readonly backlog: number;
}

/**
 * Opens a stream with a cursor over a bare socket: a decoder in the reader would cost more than what is measured. Rejects
 * when the stream ends before it is live and has its backlog.
 */
export function catchUp({ edgeUrl, topic, token, cursor, backlog }: Resume): Promise<CaughtUp> {
  const { hostname, port } = new URL(edgeUrl);
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET /v1/stream?topic=${topic} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n`);
      socket.write(`Last-Event-ID: ${cursor}\r\n\r\n`);
    });
    socket.setTimeout(WITHIN_MS, () => socket.destroy(new Error('it did not become live')));
    let events = 0;
    let tail: Buffer = Buffer.alloc(0);
    let isLive = false;
    let ms: number | undefined;
    socket.on('data', (bytes: Buffer) => {
      for (let at = bytes.indexOf(BYTE); at !== -1; at = bytes.indexOf(BYTE, at + 1)) events += 1;
      const joint = Buffer.concat([tail, bytes.subarray(0, LIVE.length)]);
      isLive ||= bytes.includes(LIVE) || joint.includes(LIVE);
      if (isLive && events >= backlog && ms === undefined) {
        ms = performance.now() - startMs;
        setTimeout(() => socket.destroy(), REPEATS_MS);
      }
      tail = Buffer.from(bytes.subarray(-LIVE.length));
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (ms === undefined) reject(new Error(`the stream ended before it was live: ${tail}`));
      else resolve({ events, ms });
    });
  });
}
