import type { Broker, Interest, Selection } from '@tidings/broker';
import { type Cancellation, unlessAborted } from './read-deadline.ts';

/**
 * Has the selected events fed to this edge, from now on. At once where they are already: then nothing is awaited, and no
 * signal made.
 * @throws the reason of the signal when it is aborted first; TidingsError `unavailable` when the broker is closed.
 */
export function follow(broker: Broker, selection: Selection, cancellation: Cancellation): Interest | Promise<Interest> {
  const following = broker.follow(selection);
  return following instanceof Promise ? unlessLeft(following, cancellation) : following;
}

async function unlessLeft(following: Promise<Interest>, { signal }: Cancellation): Promise<Interest> {
  try {
    return await unlessAborted(signal, following);
  } catch (error) {
    // Nobody holds it when it comes.
    void following.then(
      (interest) => interest.release(),
      () => {},
    );
    throw error;
  }
}
