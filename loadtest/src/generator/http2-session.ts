import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import type { StreamState } from './group.ts';
import { encodeFrame, encodePreface, encodeRequest, FLAG, FRAME, FRAME_HEAD_BYTES } from './http2-frame.ts';
import { type ScanListener, scan } from './scan.ts';
import { isTls, type Target } from './target.ts';

const STATUS_200 = 0x88;
const EMPTY = Buffer.alloc(0);

export interface Http2Session {
  readonly socket: Socket;
  open(path: string, stream: StreamState): void;
}

/**
 * A connection that carries many event streams. It walks over frames and looks into those with data; everything else
 * that a server may send is answered, or means the end of a stream.
 */
export function openHttp2Session(
  target: Target,
  listener: ScanListener,
  connected: (session: Http2Session) => void,
  closed: (why: string | undefined) => void,
): Http2Session {
  const streams: StreamState[] = [];
  let carry: Buffer | undefined;

  const socket = dial(target, {
    connected() {
      socket.write(encodePreface());
      connected(session);
    },
    received(bytes, length) {
      if (carry === undefined) {
        const used = walk(bytes, length);
        // The buffer is everybody's: what is left of it must be kept apart.
        if (used < length) carry = Buffer.from(bytes.subarray(used, length));
        return;
      }
      const joined = Buffer.concat([carry, bytes.subarray(0, length)]);
      const used = walk(joined, joined.length);
      carry = used < joined.length ? joined.subarray(used) : undefined;
    },
    closed,
  });

  // Answers how many bytes were whole frames.
  function walk(bytes: Buffer, length: number): number {
    let at = 0;
    while (length - at >= FRAME_HEAD_BYTES) {
      const size = bytes.readUIntBE(at, 3);
      const start = at + FRAME_HEAD_BYTES;
      if (start + size > length) break;
      take(bytes[at + 3] as number, bytes[at + 4] as number, bytes.readUInt32BE(at + 5), bytes, start, start + size);
      at = start + size;
    }
    return at;
  }

  function take(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const stream = streams[(id - 1) / 2];
    if (type === FRAME.data) {
      if (stream !== undefined && end > start) scan(stream, bytes, start, end, listener);
      if (stream !== undefined && (flags & FLAG.endStream) !== 0) stream.group.closed += 1;
    } else if (type === FRAME.headers) {
      // The status is the first field, after what the server may say about its table.
      const isFine = bytes.subarray(start, start + 4).includes(STATUS_200);
      if (stream !== undefined && !isFine) stream.group.onFault('a stream was answered with another status than 200');
    } else if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      socket.write(encodeFrame(FRAME.settings, FLAG.ack, 0, EMPTY));
    } else if (type === FRAME.ping && (flags & FLAG.ack) === 0) {
      socket.write(encodeFrame(FRAME.ping, FLAG.ack, 0, Buffer.from(bytes.subarray(start, end))));
    } else if (type === FRAME.reset && stream !== undefined) {
      stream.group.closed += 1;
      if (!stream.isOpen) stream.group.onFault(`a stream was reset with code ${bytes.readUInt32BE(start)}`);
    }
  }

  const session: Http2Session = {
    socket,
    open(path, stream) {
      const id = streams.push(stream) * 2 - 1;
      const scheme = isTls(target.transport) ? 'https' : 'http';
      socket.write(encodeRequest(id, { scheme, path, token: target.token, cursor: stream.cursor }));
    },
  };
  return session;
}
