import { setTimeout as pause } from 'node:timers/promises';
import { type Link, within } from './link.ts';

const FLUSH_MS = 3_000;
const LEAST_WAIT_MS = 50;

/**
 * Resolves when the server has every subscription so far: what is published from now on comes here.
 * @throws the signal's reason when it is aborted first.
 */
export async function flushed(link: Link, signal: AbortSignal): Promise<void> {
  for (let done = false; !done; ) {
    signal.throwIfAborted();
    // Where the connection breaks meanwhile, it comes back with its subscriptions, and is asked again.
    await within(
      FLUSH_MS,
      link.client.flush().then(() => {
        done = true;
      }),
    );
    if (!done) await pause(LEAST_WAIT_MS, undefined, { signal }).catch(() => {});
  }
}
