import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { nowUs } from '../generator/clock.ts';
import { StreamGroup, type StreamState } from '../generator/group.ts';
import { openHttp1Stream } from '../generator/http1-stream.ts';
import { openHttp2Session } from '../generator/http2-session.ts';
import { isHttp2, type Target } from '../generator/target.ts';
import type { Ledger } from './ledger.ts';

export interface ReadersOptions {
  /** Of each stream, in the order of their numbers. */
  readonly streams: readonly { readonly target: Target; readonly path: string }[];
  readonly ledger: Ledger;
  /** On HTTP/2; those that share a connection have one target. */
  readonly streamsPerConnection?: number;
}

/** Streams that are open. */
export interface Readers {
  /** Streams that ended by themselves. */
  readonly ended: number;
  /** The newest cursor that a stream got. */
  cursorOf(stream: number): string;
  close(): void;
}

const MOST_UNDER_WAY = 200;
const SILENT = { received() {} };

// Events go into the ledger by their number, whatever stream and channel they are of.
class LedgerGroup extends StreamGroup {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    super({ name: 'readers', opening: 'hub.live', keepsCursors: true });
    this.#ledger = ledger;
  }

  override count({ index }: StreamState, number: number): void {
    this.#ledger.receive(number, index, nowUs());
  }
}

/** Opens them; resolves when each has said that it is live. @throws Error when one is refused. */
export async function openReaders({ streams, ledger, streamsPerConnection = 1 }: ReadersOptions): Promise<Readers> {
  const group = new LedgerGroup(ledger);
  const sockets: Socket[] = [];
  let fault: string | undefined;
  let isLeaving = false;
  group.onFault = (why) => {
    fault ??= why;
  };
  const ended = (count: number, why: string | undefined): void => {
    if (isLeaving) return;
    group.closed += count;
    fault ??= `a connection ended: ${why ?? 'by the server'}`;
  };
  const open = async (): Promise<void> => {
    for (let at = 0; at < streams.length; ) {
      const { target, path } = streams[at] as (typeof streams)[number];
      const together = isHttp2(target.transport)
        ? streams.slice(at, at + streamsPerConnection)
        : streams.slice(at, at + 1);
      const states = together.map(() => group.add());
      if (isHttp2(target.transport)) {
        const connected: Parameters<typeof openHttp2Session>[2] = (session) => {
          for (const [place, wish] of together.entries()) session.open(wish.path, states[place] as StreamState);
        };
        sockets.push(openHttp2Session(target, SILENT, connected, (why) => ended(together.length, why)).socket);
      } else {
        const [state] = states as [StreamState];
        sockets.push(openHttp1Stream(target, path, state, SILENT, (why) => ended(1, why)));
      }
      at += together.length;
      while (at - group.opened > MOST_UNDER_WAY && fault === undefined) await pause(1);
      if (fault !== undefined) throw new Error(fault);
    }
    while (group.opened < streams.length && fault === undefined) await pause(2);
    if (fault !== undefined) throw new Error(fault);
  };
  const close = (): void => {
    isLeaving = true;
    for (const socket of sockets) socket.destroy();
  };
  try {
    await open();
  } catch (error) {
    close();
    throw error;
  }
  return {
    get ended() {
      return group.closed;
    },
    cursorOf: (stream) => group.streams[stream]?.cursor ?? '',
    close,
  };
}
