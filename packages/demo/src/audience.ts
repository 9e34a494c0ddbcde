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

  const audiences = new Map<string, { watched: boolean }>();

  function audienceOf(topic: string): { readonly watched: boolean } {
    const present = audiences.get(topic);
    if (present !== undefined) return present;
    const audience = { watched: false };
    audiences.set(topic, audience);
    repeat(LOOK_EVERY_MS, async () => {
      try {
        audience.watched = await isWatched(topic);
      } catch (error) {
        audience.watched = false;
        throw error;
      }
    });
    return audience;
  }

  function repeat(everyMs: number, run: () => Promise<unknown>): void {
    let isRunning = false;
    let hasFailed = false;
    const timer = clock.every(everyMs, async () => {
      if (isRunning) return;
      isRunning = true;
      try {
        await run();
        hasFailed = false;
      } catch (error) {
        // Told once, and not at every try.
        if (!hasFailed && !signal.aborted) onFault(error);
        hasFailed = true;
      } finally {
        isRunning = false;
      }
    });
    signal.addEventListener('abort', () => timer.cancel());
  }

  return (topic, everyMs, run) => {
    const audience = audienceOf(topic);
    repeat(everyMs, async () => audience.watched && run());
  };
}
