import { HubError } from '../hub-error.ts';
import type { TidingsEvent } from './event.ts';

/** Events between a subscription and the loop over them. */
export interface EventQueue {
  push(event: TidingsEvent): void;
  /** No more events come; the loop ends, or throws, once it has had those that wait. */
  end(error?: Error): void;
  readonly loop: AsyncGenerator<TidingsEvent, void>;
}

/**
 * @param maxWaiting events that may wait. One more and they are dropped, and the loop throws `overflow`: a hole would be
 *   worse than an end.
 * @param leave called when the loop is left, or falls behind.
 */
export function createEventQueue(maxWaiting: number, leave: (error?: HubError) => void): EventQueue {
  let waiting: TidingsEvent[] = [];
  let isOver = false;
  let failure: Error | undefined;
  let wake = (): void => {};

  async function* loop(): AsyncGenerator<TidingsEvent, void> {
    try {
      while (true) {
        const events = waiting;
        waiting = [];
        yield* events;
        if (waiting.length > 0) continue;
        if (failure) throw failure;
        if (isOver) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      leave();
    }
  }

  return {
    push(event) {
      if (waiting.push(event) > maxWaiting) {
        waiting = [];
        leave(new HubError('overflow', 'Too slow.'));
      }
      wake();
    },
    end(error) {
      isOver = true;
      failure = error;
      wake();
    },
    loop: loop(),
  };
}
