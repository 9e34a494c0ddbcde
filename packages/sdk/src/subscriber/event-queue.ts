import { HubError } from '../hub-error.ts';
import type { TidingsEvent } from './event.ts';

/** Events between a subscription and the loop over them. */
export interface EventQueue<Data> extends AsyncIterator<TidingsEvent<Data>, undefined> {
  push(event: TidingsEvent<Data>): void;
  /** No more events come; the loop ends, or throws, once it has had those that wait. */
  end(error?: Error): void;
}

/**
 * @param maxWaiting events that may wait. One more and they are dropped, and the loop throws `overflow`: a hole would be
 *   worse than an end.
 * @param leave called when the loop is left, or falls behind.
 */
export function createEventQueue<Data>(maxWaiting: number, leave: (error?: HubError) => void): EventQueue<Data> {
  let waiting: TidingsEvent<Data>[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => {};

  return {
    push(event) {
      if (waiting.length >= maxWaiting) {
        waiting = [];
        leave(new HubError('overflow', `The loop has fallen behind by more than ${maxWaiting} events.`));
      } else waiting.push(event);
      wake();
    },
    end(error) {
      ended = true;
      failure = error;
      wake();
    },
    async next() {
      while (waiting.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const value = waiting.shift();
      if (value !== undefined) return { value };
      if (failure !== undefined) throw failure;
      return { value: undefined, done: true };
    },
    async return() {
      waiting = [];
      leave();
      return { value: undefined, done: true };
    },
  };
}
