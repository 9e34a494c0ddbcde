import type { Records } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { createTurns } from '@tidings/runtime';
import { encodeReadState, parseReadState, type ReadState } from './read-state.ts';
import { toStateKey } from './state-key.ts';

/** What a change of a user's state came upon, and what it left. */
export interface ReadChange {
  readonly before: ReadState | undefined;
  readonly after: ReadState;
}

/** What every user has read, one record for each who has read anything; nobody holds them in memory. */
export interface ReadStates {
  /** @throws TidingsError `unavailable`. */
  find(tenant: string, user: string): Promise<ReadState | undefined>;
  /**
   * Changes a state, whoever else does at the same time: `change` is called again with what they have left.
   * @param keepSec how long it is kept from now on; it must not be less than history is.
   * @throws TidingsError `unavailable` when its outcome is not known: it may be repeated; whatever `change` throws.
   */
  change(
    tenant: string,
    user: string,
    keepSec: number,
    change: (before: ReadState | undefined) => Promise<ReadState>,
  ): Promise<ReadChange>;
  /** Forgets what a user has read. @throws TidingsError `unavailable`. */
  forget(tenant: string, user: string): Promise<void>;
}

// Whenever one fails, another process has gone through.
const MOST_TRIES = 20;
// More than a user may begin in a second: beyond, changes are not made as fast as they come.
const MOST_WAITING = 100;

export function createReadStates(records: Records): ReadStates {
  const turns = createTurns();

  // One after the other: of a page that marks each of its events at the same time the last ones would run out of tries.
  async function inTurn<Value>(key: string, run: () => Promise<Value>): Promise<Value> {
    if (turns.pending(key) === MOST_WAITING) throw tooBusy();
    const turn = turns.take(key);
    try {
      await turn.come;
      return await run();
    } finally {
      turn.end();
    }
  }

  return {
    async find(tenant, user) {
      const { value } = await records.get(keyOf(tenant, user));
      return value === undefined ? undefined : parseReadState(value);
    },
    change(tenant, user, keepSec, change) {
      const key = keyOf(tenant, user);
      return inTurn(key, async () => {
        for (let tries = 0; tries < MOST_TRIES; tries += 1) {
          const { value, revision } = await records.get(key);
          const before = value === undefined ? undefined : parseReadState(value);
          const after = await change(before);
          if (after === before) return { before, after };
          if (await records.replace(key, encodeReadState(after), keepSec, revision)) return { before, after };
        }
        throw tooBusy();
      });
    },
    forget: (tenant, user) => records.remove(keyOf(tenant, user)),
  };
}

// Whoever looks into the bucket learns nobody's name.
const keyOf = (tenant: string, user: string): string => toStateKey('inbox', JSON.stringify([tenant, user]));

const tooBusy = (): TidingsError =>
  new TidingsError('unavailable', 'What this user has read changes all the time.', { retryAfterSec: 1 });
