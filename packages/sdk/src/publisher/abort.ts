import { HubError } from '../hub-error.ts';
import type { Clock } from './clock.ts';

// Who waits for a signal: Node warns of more than ten listeners, so that one stands for all.
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

function listen(signal: AbortSignal, run: () => void): () => void {
  const runs = waiting.get(signal) ?? new Set();
  runs.add(run);
  if (runs.size === 1) {
    waiting.set(signal, runs);
    signal.addEventListener('abort', runAll);
  }
  return () => {
    if (runs.delete(run) && runs.size === 0) signal.removeEventListener('abort', runAll);
  };
}

function runAll({ target }: Event): void {
  for (const run of [...(waiting.get(target as AbortSignal) ?? [])]) run();
}

/**
 * Calls `run` with the reason of the first signal that is aborted, at once where one is already; call what it returns to
 * stop listening. `AbortSignal.any` would leave something with a long-lived signal for every publish.
 */
export function onAbort(signals: readonly AbortSignal[], run: (reason: unknown) => void): () => void {
  const aborted = signals.find((signal) => signal.aborted);
  if (aborted !== undefined) {
    run(aborted.reason);
    return () => {};
  }
  const stops = signals.map((signal) =>
    listen(signal, () => {
      stop();
      run(signal.reason);
    }),
  );
  const stop = (): void => {
    for (const each of stops) each();
  };
  return stop;
}

/** Settles as `work` does, or rejects with the reason of a signal that is aborted before. */
export function unlessAborted<Result>(work: Promise<Result>, signals: readonly AbortSignal[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signals, reject);
    work.then(resolve, reject).finally(stop);
  });
}

/** What ends an act before its time. */
export interface Bounds {
  readonly timeoutMs: number;
  readonly signals: readonly AbortSignal[];
  readonly clock: Clock;
}

/**
 * Does something under a signal of its own, and does not wait for what does not heed it.
 * @throws HubError `timeout` after `timeoutMs`; the reason of a signal that is aborted.
 */
export async function withinBounds<Result>(
  { timeoutMs, signals, clock }: Bounds,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const late = (): void => controller.abort(new HubError('timeout', `No answer within ${Math.round(timeoutMs)} ms.`));
  const timer = clock.after(timeoutMs, late);
  const stop = onAbort(signals, (reason) => controller.abort(reason));
  try {
    controller.signal.throwIfAborted();
    return await unlessAborted(act(controller.signal), [controller.signal]);
  } finally {
    stop();
    timer.cancel();
  }
}

/** Resolves after `delayMs`; rejects with the reason of a signal that is aborted before. */
export function pause(delayMs: number, signals: readonly AbortSignal[], clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(delayMs, () => {
      stop();
      resolve();
    });
    const stop = onAbort(signals, (reason) => {
      timer.cancel();
      reject(reason);
    });
  });
}
