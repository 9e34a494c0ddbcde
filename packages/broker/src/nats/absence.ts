import type { JetStreamApi } from './jetstream-api.ts';

/**
 * Asks the leader whether the log holds nothing that matches from one place up to another: `nothing`; the place of the
 * first that it holds; or `behind`, when it has not come so far itself, as one that was deposed and does not know it yet.
 * No replica can prove this, and silence proves nothing. @throws TidingsError `unavailable` when nobody answers.
 */
export async function findAbsence(
  api: JetStreamApi,
  filter: string,
  from: number,
  upTo: number,
): Promise<'nothing' | 'behind' | number> {
  // First how far it has come: what it stores afterwards lies beyond. Deleting never takes that back.
  const { state } = await api.info();
  if (state.last_seq < upTo) return 'behind';
  const next = await api.next(from, filter);
  return next === undefined || next.seq > upTo ? 'nothing' : next.seq;
}
