import type { Clock } from '@tidings/runtime';
import type { PublisherOptions } from '@tidings/sdk/publisher';
import { createAudience, type WhileWatched } from './audience.ts';

/** What the back end of an application is given. */
export interface Surroundings {
  /** For `createPublisher`: where the hub is, and a token for the topics of this application alone. */
  readonly hub: PublisherOptions & { readonly signal: AbortSignal };
  /** For what goes on after its request was answered: when it fails, that is told to whoever runs the hub. */
  background(task: Promise<unknown>): void;
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

export function createSurroundings(parts: SurroundingsParts): Surroundings {
  const { url, token, signal, onFault } = parts;
  return {
    hub: { url, token, signal },
    background(task) {
      task.catch((error) => {
        // What is under way when the demo is closed ends with it.
        if (!signal.aborted) onFault(error);
      });
    },
    whileWatched: createAudience(parts),
  };
}
