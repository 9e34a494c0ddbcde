import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { PREFACE, toSettings } from '../../src/testing/http2-frame.ts';

/** A frame that came. */
interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A bare connection that writes what it is told, and reads frames; closed when the test has ended. */
export interface FrameConnection {
  readonly socket: Socket;
  readonly closed: boolean;
  /** What came so far. */
  frames(): Frame[];
  of(type: number, stream?: number): Frame[];
}

/**
 * @param opening the preface and first settings, unless a test wants others.
 * @param allowHalfOpen does not end when the server does.
 */
export function openFrames(
  port: number,
  opening: Buffer = Buffer.concat([PREFACE, toSettings()]),
  allowHalfOpen = false,
): FrameConnection {
  let received = Buffer.alloc(0);
  let closed = false;
  const found: Frame[] = [];
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
  socket.write(opening);
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
    while (received.length >= 9 && received.length >= 9 + received.readUIntBE(0, 3)) {
      const end = 9 + received.readUIntBE(0, 3);
      found.push({
        type: received[3] as number,
        flags: received[4] as number,
        stream: received.readUInt32BE(5),
        payload: received.subarray(9, end),
      });
      received = received.subarray(end);
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
  });
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    get closed() {
      return closed;
    },
    frames: () => found,
    of: (type, stream) => found.filter((frame) => frame.type === type && (stream ?? frame.stream) === frame.stream),
  };
}
