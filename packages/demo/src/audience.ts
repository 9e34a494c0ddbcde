import type { SurroundingsParts } from './surroundings.ts';

/**
 * Runs something again and again while somebody is subscribed to a topic, and never while nobody is. A run that takes longer
 * than `everyMs` is waited for.
 */
export type WhileWatched = (topic: string, everyMs: number, run: () => Promise<unknown>) => void;

const LOOK_EVERY_MS = 1_000;

/**
 * Looks once a second who is subscribed, by `GET /v1/topics/{topic}/presence`.
 * @param fetch in place of the global one, in tests.
 */
export function createAudience(
  { url, token, signal, clock, onFault }: SurroundingsParts,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): WhileWatched {
  async function isWatched(topic: string): Promise<boolean> {
    const answer = await fetch(`${url}/v1/topics/${encodeURIComponent(topic)}/presence`, {
      headers: { Authorization: `Bearer ${await token()}` },
      signal,
    });
    if (!answer.ok) throw new Error(`The hub answered ${answer.status} for who is subscribed to ${topic}.`);
    const { subscribers } = (await answer.json()) as { readonly subscribers: number };
    return subscribers > 0;
  }

  return (topic, everyMs, run) => {
    let watched = false;
    let isLooking = false;
    let isRunning = false;
    let failed = false;

    // Told once, not at every try.
    const fail = (error: unknown): void => {
      if (!failed && !signal.aborted) onFault(error);
      failed = true;
    };

    async function look(): Promise<void> {
      if (isLooking) return;
      isLooking = true;
      try {
        watched = await isWatched(topic);
        failed &&= !watched;
      } catch (error) {
        watched = false;
        fail(error);
      } finally {
        isLooking = false;
      }
    }

    async function runOnce(): Promise<void> {
      if (!watched || isRunning) return;
      isRunning = true;
      await run().catch(fail);
      isRunning = false;
    }

    const timers = [clock.every(LOOK_EVERY_MS, look), clock.every(everyMs, runOnce)];
    signal.addEventListener('abort', () => {
      watched = false;
      for (const timer of timers) timer.cancel();
    });
  };
}
