import type { Clock } from '@tidings/runtime';
import { jitter } from './jitter.ts';
import type { SessionRegistry } from './session-registry.ts';

/** Sends the streams of an edge that is to end elsewhere. */
export interface Drain {
  /** New streams must be refused. */
  readonly begun: boolean;
  /** Says goodbye to every open stream; resolves when all were told. Called again it is the same drain. */
  begin(): Promise<void>;
  /** Does not wait any longer: who is left is the caller's. */
  stop(): void;
}

export interface DrainOptions {
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  /** The time within which all are back elsewhere. */
  readonly spreadMs: number;
  /** There is no other edge: clients can only come back once this one has ended and begun again. */
  readonly alone: boolean;
}

const WAVE_MS = 50;
// A client needs a moment to find another node, and those of one wave should not come in one.
const LEAST_RETRY_MS = 250;
const MOST_RETRY_MS = 1_000;
// The rest is for clients to connect.
const MOST_PART = 0.9;
// No faster than the others can well take them in: few streams are no reason to keep a process that is to end.
const GAP_MS = 40;

/**
 * Streams leave one by one, evenly over the time, and get every event until it is their turn; each is away for a moment
 * only, and the others take them in one by one (ADR 0012). Where nobody else is there all leave at once, so that the end
 * comes soon, and it is their coming back that is spread.
 */
export function createDrain({ registry, clock, spreadMs, alone }: DrainOptions): Drain {
  let drained: Promise<void> | undefined;
  let finish = (): void => {};

  function leaveAtOnce(): void {
    const open = registry.list();
    open.forEach((session, place) => {
      const retryMs = ((place + Math.random()) / open.length) * spreadMs;
      session.close('draining', Math.round(Math.max(LEAST_RETRY_MS, retryMs)));
    });
  }

  function leaveInTurn(): Promise<void> {
    const open = registry.list();
    const mostRetryMs = Math.max(LEAST_RETRY_MS, Math.min(MOST_RETRY_MS, spreadMs));
    const wholeMs = Math.min(Math.max(0, spreadMs * MOST_PART - mostRetryMs), open.length * GAP_MS);
    const startMs = clock.elapsed();
    let told = 0;
    return new Promise((resolve) => {
      const tell = (): void => {
        const part = wholeMs === 0 ? 1 : Math.min(1, (clock.elapsed() - startMs) / wholeMs);
        const due = Math.ceil(part * open.length);
        for (const session of open.slice(told, due)) session.close('draining', jitter(LEAST_RETRY_MS, mostRetryMs));
        told = due;
        if (part === 1) finish();
      };
      const timer = clock.every(WAVE_MS, tell);
      finish = () => {
        timer.cancel();
        resolve();
      };
      tell();
    });
  }

  return {
    get begun() {
      return drained !== undefined;
    },
    begin() {
      drained ??= alone ? Promise.resolve(leaveAtOnce()) : leaveInTurn();
      return drained;
    },
    stop: () => finish(),
  };
}
