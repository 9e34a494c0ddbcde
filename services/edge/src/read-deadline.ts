import type { Broker } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { type Clock, isGone, type Outgoing, type Timer } from '@tidings/runtime';

const READ_TIMEOUT_MS = 30_000;
const RETRY_AFTER_SEC = 5;

/**
 * Whoever may call reads off. The signal is made when a read asks for it: a stream that resumes from the ring reads nothing,
 * and thousands may come at once.
 */
export interface Cancellation {
  readonly signal: AbortSignal;
}

/**
 * Runs a read of history that a client waits for. It is aborted when the client leaves, and after 30 seconds, when it
 * fails as any other trouble behind this node does.
 * @param answer `undefined`: it goes on when the client leaves, since others are to hear what comes of it.
 * @throws TidingsError `unavailable` at the deadline, `malformed-request` to nobody when the client left; whatever
 *   `read` throws.
 */
export async function withinDeadline<Value>(
  clock: Clock,
  answer: Outgoing | undefined,
  read: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const aborter = new AbortController();
  const late = new TidingsError('unavailable', 'History took too long to read.', { retryAfterSec: RETRY_AFTER_SEC });
  const timer: Timer = clock.after(READ_TIMEOUT_MS, () => aborter.abort(late));
  const leave = (): void => aborter.abort(new TidingsError('malformed-request', 'The client left.'));
  answer?.once('close', leave);
  if (answer !== undefined && isGone(answer)) leave();
  try {
    return await unlessAborted(aborter.signal, read(aborter.signal));
  } finally {
    timer.cancel();
    answer?.off('close', leave);
  }
}

/**
 * The bounds of the log, for as long as somebody wants them: they take no signal, and while the brokers elect a leader
 * they may take a minute. @throws the reason of the signal when it is aborted; TidingsError `unavailable`.
 */
export function boundsOf(broker: Broker, signal: AbortSignal): Promise<{ first: number; last: number }> {
  return unlessAborted(signal, broker.bounds());
}

/** Waits for something for as long as the signal lets it. @throws the reason of the signal; whatever `reading` throws. */
export function unlessAborted<Value>(signal: AbortSignal, reading: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    // Also of a read that nobody waits for any more the failure must have somebody who takes it.
    void reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
