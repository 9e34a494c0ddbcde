import { TidingsError } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { PublisherOptions } from '@tidings/sdk/publisher';
import { createAudience, type WhileWatched } from './audience.ts';

/** What the back end of an application is given. */
export interface Surroundings {
  /** For `createPublisher`: where the hub is, and a token for the topics of this application alone. */
  readonly hub: PublisherOptions & { readonly signal: AbortSignal };
  /**
   * Begins what goes on after its request was answered; when it fails, that is told to whoever runs the hub.
   * @throws TidingsError `rate-limited` while too much goes on.
   */
  background(begin: () => Promise<unknown>): void;
  /** For what is published again and again. */
  readonly whileWatched: WhileWatched;
}

export interface SurroundingsParts {
  readonly url: string;
  readonly token: () => Promise<string>;
  /** Aborted when the demo is closed. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Told of what failed where nobody waits for it. */
  readonly onFault: (error: unknown) => void;
}

const MOST_IN_BACKGROUND = 10;
const RETRY_AFTER_SEC = 5;

export function createSurroundings(parts: SurroundingsParts): Surroundings {
  const { url, token, signal, onFault } = parts;
  let underWay = 0;

  async function run(begin: () => Promise<unknown>): Promise<void> {
    underWay += 1;
    try {
      await begin();
    } catch (error) {
      // What is under way when the demo is closed ends with it.
      if (!signal.aborted) onFault(error);
    } finally {
      underWay -= 1;
    }
  }

  return {
    hub: { url, token, signal },
    background(begin) {
      if (underWay >= MOST_IN_BACKGROUND) {
        throw new TidingsError('rate-limited', 'Too much is under way: wait for something to end.', {
          retryAfterSec: RETRY_AFTER_SEC,
        });
      }
      void run(begin);
    },
    whileWatched: createAudience(parts),
  };
}
