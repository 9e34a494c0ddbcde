import { setTimeout as sleep } from 'node:timers/promises';
import { nowUs } from './clock.ts';
import { type GroupOptions, StreamGroup } from './group.ts';
import { openHttp1Stream } from './http1-stream.ts';
import type { ScanListener } from './scan.ts';
import type { Target } from './target.ts';

export interface ChurnOptions extends GroupOptions {
  readonly target: Target;
  readonly path: string;
  readonly connectionsPerSec: number;
  /** How long each stays. */
  readonly stayMs: number;
  /** Of 100 streams, so many do not read. */
  readonly neverReadPercent: number;
  readonly durationMs: number;
}

/** How it went. */
export interface Churned {
  readonly opened: number;
  readonly received: number;
  /** Streams that were refused, or cut before they left. */
  readonly faults: number;
  readonly firstFault: string | undefined;
}

/** Clients come at a steady pace, each on a connection of its own, stay for a while, and leave without a word. */
export async function churn(options: ChurnOptions, listener: ScanListener): Promise<Churned> {
  const { target, path, connectionsPerSec, stayMs, neverReadPercent, durationMs } = options;
  const group = new StreamGroup(options);
  const leaving = new Set<Promise<void>>();
  let faults = 0;
  let firstFault: string | undefined;
  const fail = (why: string): void => {
    faults += 1;
    firstFault ??= why;
  };
  group.onFault = fail;

  async function visit(reads: boolean): Promise<void> {
    const state = group.add();
    // It is not told apart from the others, and is not to be kept.
    group.streams.length = 0;
    let left = false;
    const socket = openHttp1Stream(target, path, state, listener, (why) => {
      if (!left) fail(why ?? 'a stream was closed by the server');
    });
    if (!reads) socket.once('connect', () => setTimeout(() => socket.pause(), stayMs / 10));
    await sleep(stayMs);
    left = true;
    socket.destroy();
  }

  const startUs = nowUs();
  const visits = Math.round((connectionsPerSec * durationMs) / 1000);
  for (let number = 0; number < visits; number += 1) {
    const waitMs = (startUs - nowUs()) / 1e3 + (number * 1e3) / connectionsPerSec;
    if (waitMs > 1) await sleep(waitMs);
    const visiting = visit(number % 100 >= neverReadPercent).finally(() => leaving.delete(visiting));
    leaving.add(visiting);
  }
  await Promise.all(leaving);
  return { opened: group.opened, received: group.received, faults, firstFault };
}
