import { describe, expect, it } from 'vitest';
import { findAbsence } from '../../src/nats/absence.ts';
import type { JetStreamApi } from '../../src/nats/jetstream-api.ts';

function createLeader(last: number, seqs: readonly number[]): { api: JetStreamApi; asked: string[] } {
  const asked: string[] = [];
  const api = {
    info: async () => {
      asked.push('info');
      return { state: { last_seq: last } };
    },
    next: async (from: number, filter: string) => {
      asked.push(`next ${from} ${filter}`);
      const seq = seqs.find((each) => each >= from);
      return seq === undefined ? undefined : { seq, subject: 'evt.0.t.a' };
    },
  } as unknown as JetStreamApi;
  return { api, asked };
}

describe('the absence of messages', () => {
  it.each([
    ['nothing', 'it has come so far and has nothing later', 10, []],
    ['nothing', 'its next lies beyond', 11, [11]],
    [7, 'it has one in between', 10, [7, 9]],
    [5, 'it has the first itself', 10, [5]],
    [10, 'it has the last itself', 10, [10]],
    ['behind', 'it has not come so far', 9, []],
  ])('from 5 up to 10 is %s where %s', async (wanted, _, last, seqs) => {
    const { api, asked } = createLeader(last, seqs);
    expect(await findAbsence(api, 'evt.0.>', 5, 10)).toBe(wanted);
    // First how far it has come: the other order would take what is stored in between for absent.
    expect(asked).toEqual(wanted === 'behind' ? ['info'] : ['info', 'next 5 evt.0.>']);
  });
});
