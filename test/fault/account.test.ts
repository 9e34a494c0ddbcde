import { encodeCursor } from '@tidings/protocol';
import { describe, expect, test } from 'vitest';
import { Account } from '../../loadtest/src/chaos/account.ts';
import { encodePayload, Ledger } from '../../loadtest/src/chaos/ledger.ts';

const TOPICS = [
  { name: 'a.1', kind: 'stored' },
  { name: 'a.2', kind: 'stored' },
  { name: 'b.1', kind: 'stored' },
  { name: 'a.brief', kind: 'brief' },
  { name: 'a.unstored', kind: 'unstored' },
] as const;

/** A ledger in which each topic has three accepted events, at places 1, 2, 3 … of the log `old`, in turns. */
function setUp(): { ledger: Ledger; account: Account; take: (topic: string, ...counts: number[]) => void } {
  const ledger = new Ledger(TOPICS);
  for (let place = 0; place < 15; place += 1) ledger.accept(place % 5, encodeCursor('old', place + 1), place);
  const account = new Account('one', ledger, ['a.*', 'a.1']);
  const take = (topic: string, ...counts: number[]): void => {
    for (const count of counts) account.take(encodePayload(topic, count, 40));
  };
  return { ledger, account, take };
}

const NOTHING = { lost: 0, duplicated: 0, 'out of order': 0, foreign: 0 };
const RESET = JSON.stringify({ from: encodeCursor('old', 6), to: encodeCursor('new', 10), reason: 'reset' });

describe('an account of what a subscriber got', () => {
  test('is clean when everything came once and in order, the topics in any order among themselves', () => {
    const { account, take } = setUp();
    take('a.2', 1, 2);
    take('a.1', 1, 2, 3);
    expect(account.isComplete).toBe(false);
    take('a.2', 3);
    expect(account.isComplete).toBe(true);
    account.close();
    expect(account.counts).toEqual(NOTHING);
    expect(account.delivered).toBe(6);
  });

  test('shows an event in the middle and at the end that never came as lost', () => {
    const { account, take } = setUp();
    take('a.1', 1, 3);
    take('a.2', 1, 2);
    account.close();
    expect(account.counts).toEqual({ ...NOTHING, lost: 2 });
    expect(account.examples).toEqual([
      expect.stringMatching(/^one: lost: a\.1 2 at 6 /),
      expect.stringMatching(/^one: lost: a\.2 3 at 12 /),
    ]);
  });

  test('shows everything as lost to whom nothing came', () => {
    const { account } = setUp();
    account.close();
    expect(account.counts.lost).toBe(6);
  });

  test('shows an event that came twice, at once or later, as duplicated', () => {
    const { account, take } = setUp();
    take('a.1', 1, 1, 2, 3, 2);
    take('a.2', 1, 2, 3);
    account.close();
    expect(account.counts).toEqual({ ...NOTHING, duplicated: 2 });
  });

  test('shows an event that came after a later one as out of order, and not as lost', () => {
    const { account, take } = setUp();
    take('a.1', 1, 3, 2);
    take('a.2', 1, 2, 3);
    account.close();
    expect(account.counts).toEqual({ ...NOTHING, 'out of order': 1 });
  });

  test('shows an event of a topic that was not asked for, or that nobody knows, as foreign', () => {
    const { account, take } = setUp();
    take('b.1', 1);
    take('c', 1);
    expect(account.counts.foreign).toBe(2);
  });

  test('lets brief and unstored events be missed, but not come twice', () => {
    const { account, take } = setUp();
    take('a.1', 1, 2, 3);
    take('a.2', 1, 2, 3);
    take('a.brief', 3);
    take('a.unstored', 2);
    expect(account.isComplete).toBe(true);
    take('a.brief', 3, 2);
    take('a.unstored', 2);
    account.close();
    expect(account.counts).toEqual({ ...NOTHING, duplicated: 3 });
  });

  test('excuses what lies in a gap, and nothing before or after it', () => {
    const { ledger, account, take } = setUp();
    // a.1 stands at 1, 6 and 11; the gap is from 6 on, into another log, where 4 is at 10 and 5 at 11.
    ledger.accept(0, encodeCursor('new', 10), 20);
    ledger.accept(0, encodeCursor('new', 11), 21);
    take('a.1', 1);
    take('a.2', 1, 2, 3);
    account.gap(RESET);
    take('a.1', 5);
    account.close();
    // 2 was stored before the gap and did not come; 3 and 4 lie in the gap.
    expect(account.counts).toEqual({ ...NOTHING, lost: 1 });
    expect(account.examples).toEqual([expect.stringMatching(/^one: lost: a\.1 2 at 6 /)]);
  });

  test('does not excuse what came twice or too late because of a gap', () => {
    const { account, take } = setUp();
    take('a.1', 1, 2);
    account.gap(RESET);
    take('a.1', 2, 3);
    expect(account.counts.duplicated).toBe(1);
  });
});
