import { TidingsError } from '@tidings/protocol';
import { createTurns } from '@tidings/runtime';
import { unlessAborted } from './read-deadline.ts';
import type { Session } from './session.ts';

/** A change that has begun: what its client is answered, and when the next may begin. */
export interface BegunChange<Answer> {
  readonly answer: Answer;
  readonly done: Promise<unknown>;
}

/** Changes of one session are made one after the other, in the order in which they came. */
export interface ChangeTurns {
  /**
   * Runs a change in its turn.
   * @throws TidingsError `unavailable` when too many wait; the reason of the signal when it is aborted before the turn
   *   comes. Then it never runs.
   */
  take<Answer>(session: Session, signal: AbortSignal, run: () => Promise<BegunChange<Answer>>): Promise<Answer>;
}

const MOST_WAITING = 16;

export function createChangeTurns(): ChangeTurns {
  const turns = createTurns();
  const waiting = new WeakMap<Session, number>();

  function count(session: Session, change: number): number {
    const now = (waiting.get(session) ?? 0) + change;
    waiting.set(session, now);
    return now;
  }

  return {
    async take(session, signal, run) {
      if (count(session, 1) > MOST_WAITING) {
        count(session, -1);
        throw busy();
      }
      const turn = turns.take(session.id);
      try {
        await unlessAborted(signal, turn.come);
        const { answer, done } = await run();
        void done.finally(turn.end);
        return answer;
      } catch (error) {
        turn.end();
        throw error;
      } finally {
        count(session, -1);
      }
    },
  };
}

/** The refusal of a change whose stream has something to do that comes before. */
export const busy = (): TidingsError =>
  new TidingsError('unavailable', 'The stream is still being sent what came before.', { retryAfterSec: 1 });
