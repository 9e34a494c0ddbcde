import { TidingsError } from '@tidings/protocol';
import type { Clock, Timer } from '@tidings/runtime';

const READ_TIMEOUT_MS = 30_000;
const RETRY_AFTER_SEC = 5;

/**
 * Runs a read of history that somebody waits for. After 30 seconds it is aborted, and fails as any other trouble behind
 * this node does.
 * @throws TidingsError `unavailable` at the deadline; whatever `read` throws.
 */
export async function withinDeadline<Value>(
  clock: Clock,
  read: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const aborter = new AbortController();
  const late = new TidingsError('unavailable', 'History took too long to read.', { retryAfterSec: RETRY_AFTER_SEC });
  const timer: Timer = clock.after(READ_TIMEOUT_MS, () => aborter.abort(late));
  try {
    return await read(aborter.signal);
  } finally {
    timer.cancel();
  }
}
