import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Input } from './input.ts';

/** What a connection brought. */
export interface Reply {
  /** Every byte, as latin1, up to a limit. */
  readonly text: string;
  /** The server closed it. */
  readonly closed: boolean;
  /** Nothing was cut off at the limit. */
  readonly whole: boolean;
}

/** A request that is whole has an answer by then, however busy the machine. */
const PATIENCE_MS = 15_000;
/** A request that lacks its end gets no answer. What comes later than this is not looked at; the canary and the log are. */
const SILENCE_MS = 250;
/** Behind an answer. */
const PAUSE_MS = 60;
const MAX_TEXT = 300_000;
/** A stream has said all of interest once it is live. */
const LIVE = 'event: hub.live';

/** Sends one input on a connection of its own. Resolves when there is nothing more to come; rejects where nobody listens. */
export function sendInput(input: Input, port: number): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let text = '';
    let whole = true;
    let closed = false;
    let sent = false;
    let isConnected = false;
    let timer: NodeJS.Timeout | undefined;
    let lastLook: NodeJS.Immediate | undefined;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: input.ending === 'half-close' });
    socket.setNoDelay(true);

    const finish = (): void => {
      clearTimeout(timer);
      clearImmediate(lastLook);
      if (input.ending === 'reset' && !closed) socket.resetAndDestroy();
      socket.destroy();
      resolve({ text, closed, whole });
    };
    const wait = (): void => {
      clearTimeout(timer);
      clearImmediate(lastLook);
      // After one more look at what came: this process may have been busy itself for as long.
      const giveUp = (): void => {
        lastLook = setImmediate(() => {
          lastLook = setImmediate(finish);
        });
      };
      timer = setTimeout(giveUp, text !== '' ? PAUSE_MS : isWhole(input) ? PATIENCE_MS : SILENCE_MS);
    };
    socket.on('connect', () => {
      isConnected = true;
      void send();
    });
    socket.on('data', (bytes) => {
      if (text.length < MAX_TEXT) text += bytes.toString('latin1');
      else whole = false;
      if (sent && isOver(input, text)) finish();
      else wait();
    });
    socket.on('end', () => {
      closed = true;
      finish();
    });
    socket.on('close', () => {
      closed = true;
      finish();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A reset is an answer; that nobody listens is not.
      if (!isConnected) reject(error);
    });

    async function send(): Promise<void> {
      for (const { bytes, pauseMs } of input.steps) {
        if (socket.destroyed) return;
        socket.write(bytes);
        if (pauseMs > 0) await sleep(pauseMs);
      }
      sent = true;
      if (input.ending === 'half-close') socket.end();
      if (input.ending === 'reset' || isOver(input, text)) finish();
      else wait();
    }
  });
}

/** Whether it is one request of HTTP/1 that has all of its bytes: whatever it asks for, it is answered. */
export const isWhole = ({ kind, protocol }: Input): boolean =>
  protocol === 'h1' && (kind === 'semantic' || kind === 'token' || kind === 'cursor');

function isOver({ kind, protocol }: Input, text: string): boolean {
  if (protocol === 'h2' || kind === 'pace') return false;
  if (text.includes(LIVE)) return true;
  const end = text.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, Math.max(0, end)))?.[1];
  // Of inputs that hold more than one request: what follows in silence is waited for.
  return kind !== 'bytes' && kind !== 'framing' && length !== undefined && text.length >= end + 4 + Number(length);
}
