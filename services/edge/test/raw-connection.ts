import type { Socket } from 'node:net';
import { connectSocket } from '@tidings/runtime/testing';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.ts';

/** A bare connection whose bytes a test reads as they come; closed when the test has ended. */
export interface RawConnection {
  readonly socket: Socket;
  /** Everything that came, as latin1. */
  readonly text: string;
  readonly closed: boolean;
  until(condition: (text: string) => boolean): Promise<string>;
}

export function connectRaw(port: number, allowHalfOpen = false): RawConnection {
  let text = '';
  let closed = false;
  const socket = connectSocket(port, { allowHalfOpen });
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return {
    socket,
    get text() {
      return text;
    },
    get closed() {
      return closed;
    },
    async until(condition) {
      await eventually(() => condition(text)).catch(() => {
        throw new Error(`it did not come about; what came is ${JSON.stringify(text.slice(-600))}`);
      });
      return text;
    },
  };
}
