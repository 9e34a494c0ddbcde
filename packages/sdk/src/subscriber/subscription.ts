import { covers } from '@tidings/protocol/client';
import { HubError } from '../hub-error.ts';
import { callListener } from './call-listener.ts';
import type { TidingsEvent } from './event.ts';
import type { Want } from './message.ts';
import { isAfter } from './position.ts';
import type { Subscription } from './tidings.ts';

/** A subscription as the client holds it. */
export interface HeldSubscription extends Subscription {
  readonly want: Want;
  /** Hands an event over, if it is one of its topic and it has not had it; `keys` are those of a replay. */
  offer(event: TidingsEvent, keys?: readonly number[]): void;
  /** What it gets from here on is live. */
  begin(): void;
  /** Ends it; with an error, for that reason. */
  end(error?: HubError): void;
}

/** @param left called once, when it has ended. */
export function createSubscription(
  want: Want,
  handle: (event: TidingsEvent) => void,
  left: () => void,
): HeldSubscription {
  const { topic } = want;
  let last: string | undefined;
  let isOver = false;
  let begin = (): void => {};
  let end = (_error?: HubError): void => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => {
      if (isOver) return;
      isOver = true;
      if (error) reject(error);
      else resolve();
      left();
    };
  });
  const ready = new Promise<void>((resolve, reject) => {
    begin = resolve;
    ended.then(() => reject(new HubError('closed', 'It has ended.')), reject);
  });
  // Whoever does not look at it has `error` notices.
  ready.catch(() => {});

  return {
    want,
    topic,
    ready,
    ended,
    begin,
    end,
    unsubscribe: () => end(),
    offer(event, keys) {
      const { id } = event;
      if (isOver || !covers(topic, event.topic)) return;
      // What comes because somebody else wants it may end with that.
      if (keys ? !keys.includes(want.key) : want.replay || !want.live) return;
      // A replay that was cut is asked for again, from the time where it stood.
      if (id && last && !isAfter(id, last)) return;
      last = id ?? last;
      if (keys) want.replay = event.time;
      callListener(handle, event);
    },
  };
}
