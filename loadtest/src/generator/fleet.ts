import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GroupOptions, StreamGroup } from './group.ts';
import { openHttp1Stream } from './http1-stream.ts';
import { openHttp2Session } from './http2-session.ts';
import type { ScanListener } from './scan.ts';
import { isHttp2, type Target } from './target.ts';

export interface FleetOptions extends GroupOptions {
  readonly target: Target;
  /** `{n}` stands for the number of the stream, below `topics`. */
  readonly path: string;
  readonly topics: number;
  readonly streams: number;
  /** Streams that share a connection, on HTTP/2. */
  readonly streamsPerConnection: number;
  /** Connections a second; 0: as fast as they are taken. */
  readonly connectionsPerSec: number;
}

// Fewer than a listening socket queues: one that is dropped there would be tried again a second later.
const MOST_UNDER_WAY = 200;
const BYE = /\nretry: (\d+)\nevent: hub\.bye\n/;

/** The sockets of one group of streams. */
export class Fleet {
  readonly group: StreamGroup;
  readonly #options: FleetOptions;
  readonly #listener: ScanListener;
  readonly #sockets = new Set<Socket>();
  #leaving = false;
  /** Where streams come back to when they are cut; nobody comes back while it is unknown. */
  #refuge: Target | undefined;
  #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(options: FleetOptions, listener: ScanListener) {
    this.#options = options;
    this.#listener = listener;
    this.group = new StreamGroup(options);
  }

  /** Resolves when every stream is open. @throws Error when one is refused. */
  async open(): Promise<void> {
    const { streams, streamsPerConnection, connectionsPerSec, target } = this.#options;
    const perConnection = isHttp2(target.transport) ? streamsPerConnection : 1;
    const connections = Math.ceil(streams / perConnection);
    const all = this.#awaitOpen(streams);
    const startMs = performance.now();
    let fault: unknown;
    all.catch((error) => {
      fault = error;
    });
    for (let index = 0; index < connections && fault === undefined; index += 1) {
      const dueMs = connectionsPerSec === 0 ? 0 : startMs + (index * 1e3) / connectionsPerSec;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      while (index * perConnection - this.group.opened > MOST_UNDER_WAY && fault === undefined) await sleep(1);
      this.#connect(Math.min(perConnection, streams - index * perConnection));
    }
    await all;
  }

  #awaitOpen(count: number): Promise<void> {
    const { group } = this;
    return new Promise((resolve, reject) => {
      group.onFault = (why) => reject(new Error(why));
      group.onOpen = () => {
        if (group.opened === count) resolve();
      };
    });
  }

  #connect(streams: number): void {
    const { target } = this.#options;
    const states = Array.from({ length: streams }, () => this.group.add());
    if (!isHttp2(target.transport)) {
      for (const state of states) this.#openHttp1(target, state);
      return;
    }
    const session = openHttp2Session(
      target,
      this.#listener,
      ({ open }) => {
        for (const state of states) open(this.#pathOf(state.index), state);
      },
      (why) => {
        this.#sockets.delete(session.socket);
        if (this.#leaving) return;
        this.group.closed += streams;
        this.group.onFault(`a connection with ${streams} streams ended: ${why ?? 'by the server'}`);
      },
    );
    this.#sockets.add(session.socket);
  }

  #openHttp1(target: Target, state: (typeof this.group.streams)[number]): void {
    const path = this.#pathOf(state.index);
    const socket = openHttp1Stream(target, path, state, this.#listener, (why) => {
      this.#sockets.delete(socket);
      if (this.#leaving) return;
      if (this.#refuge !== undefined) return this.#comeBack(state);
      this.group.closed += 1;
      this.group.onFault(`a stream ended: ${why ?? 'by the server'}`);
    });
    this.#sockets.add(socket);
  }

  #pathOf(index: number): string {
    return this.#options.path.replace('{n}', `${index % this.#options.topics}`);
  }

  /**
   * From now on, streams that end come back to another server with their cursor: after the delay that the server asked
   * for, at once where it said nothing.
   * @returns resolves when all of them have ended and are open again, with the times of that, in milliseconds from now.
   */
  async flee(refuge: Target): Promise<readonly number[]> {
    this.#refuge = refuge;
    const startMs = performance.now();
    const returnsMs: number[] = [];
    const all = this.#awaitOpen(this.group.streams.length);
    const { onOpen } = this.group;
    this.group.opened = 0;
    this.group.onOpen = (stream) => {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
      returnsMs.push(Math.round(performance.now() - startMs));
      onOpen(stream);
    };
    await all;
    return returnsMs;
  }

  #comeBack(state: (typeof this.group.streams)[number]): void {
    const delayMs = Number(BYE.exec(state.carry?.toString('latin1') ?? '')?.[1] ?? 0);
    state.isOpen = false;
    state.greeting = '';
    state.carry = undefined;
    if (delayMs > 0) setTimeout(() => this.#dialAgain(state), delayMs);
    else this.#dialAgain(state);
  }

  #dialAgain(state: (typeof this.group.streams)[number]): void {
    const connect = (): void => {
      this.#underWay += 1;
      this.#openHttp1(this.#refuge as Target, state);
    };
    if (this.#underWay < MOST_UNDER_WAY) connect();
    else this.#waiting.push(connect);
  }

  /** Stops reading, or reads on; at the sockets, so that the server's writes pile up. */
  setReading(reading: boolean): void {
    for (const socket of this.#sockets) {
      if (reading) socket.resume();
      else socket.pause();
    }
  }

  close(): void {
    this.#leaving = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}
