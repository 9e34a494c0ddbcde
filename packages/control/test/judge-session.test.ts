import { encodeCursor } from '@tidings/protocol';
import { describe, expect, test } from 'vitest';
import { findAcknowledgement, findReturns } from '../src/explain/find-acknowledgement.ts';
import { judgeSession } from '../src/explain/judge-session.ts';
import type { AskedEvent, FoundEvent, SessionRecord } from '../src/explain/session-record.ts';
import { settleSession } from '../src/explain/settle-session.ts';

const RECORD: SessionRecord = {
  id: 's1',
  node: 'n',
  epoch: 'e',
  openedMs: 1,
  start: 10,
  through: 50,
  lastId: 45,
  atMs: 9,
  unsentBytes: 0,
  cut: false,
  topics: [{ after: 10, settled: 10, topics: ['orders.*'] }],
  grants: [{ after: 0, patterns: ['orders.>'] }],
  gaps: [],
  newestOnly: [],
  replays: [],
};
const FOUND: FoundEvent = { state: 'stored', topic: 'orders.1', event: '', timeMs: 5, exclude: '', isPublic: false };
const asked = (seq: number, found: Partial<FoundEvent> = {}): AskedEvent => ({
  epoch: 'e',
  seq,
  found: { ...FOUND, ...found },
});
const judge = (seq: number, found: Partial<FoundEvent> = {}, record: Partial<SessionRecord> = {}): unknown[] => {
  const { written, why } = judgeSession(asked(seq, found), { ...RECORD, ...record });
  return [written, why];
};

describe('what a session was sent follows from what its record keeps', () => {
  test('an event that matches, between its start and where it has come, was written', () => {
    expect([judge(11), judge(50)]).toEqual([
      ['yes', undefined],
      ['yes', undefined],
    ]);
  });

  test('what lies before its start, or after its end, was not', () => {
    expect(judge(10)).toEqual(['no', 'opened-after']);
    expect(judge(51, {}, { closedMs: 9 })).toEqual(['no', 'closed-before']);
    expect(judge(51)).toEqual(['no', 'not-yet']);
  });

  test('nor what it did not ask for, was left out of, or was told is gone', () => {
    expect(judge(20, { topic: 'chat' })).toEqual(['no', 'no-topic']);
    expect(judgeSession(asked(20, { topic: 'chat' }), RECORD).granted).toBe(false);
    expect(judge(20, { exclude: 's1' })).toEqual(['no', 'excluded']);
    expect(judge(20, {}, { gaps: [{ after: 15, upTo: 20 }] })).toEqual(['no', 'gap']);
  });

  test('what can not be known is not claimed', () => {
    expect(judge(20, {}, { newestOnly: [{ after: 15, upTo: 20 }] })).toEqual(['unknown', 'newest-only']);
    expect(judge(20, {}, { unsentBytes: 1 })).toEqual(['unknown', 'unsent']);
    expect(judge(5, {}, { replays: [{ pattern: 'orders.1', upTo: 10 }] })).toEqual(['unknown', 'replayed']);
    expect(judge(20, {}, { cut: true })).toEqual(['unknown', 'forgotten']);
  });
});

const acknowledge = (seq: number, record: SessionRecord, all: readonly SessionRecord[]) =>
  findAcknowledgement(asked(seq), record, findReturns(all).get(record) ?? [], 0).state;

describe('a later cursor says whether the client had it', () => {
  const closed = { ...RECORD, closedMs: 100 };
  const later = (seq: number): SessionRecord => ({
    ...RECORD,
    id: 's2',
    openedMs: 200,
    start: seq,
    given: encodeCursor('e', seq),
  });

  test('at or after the event it had, before it it had not', () => {
    expect(acknowledge(30, closed, [closed, later(30)])).toBe('yes');
    expect(acknowledge(30, closed, [closed, later(29)])).toBe('no');
  });

  test('a cursor that another of its tabs may have had says nothing', () => {
    expect(acknowledge(30, closed, [closed, { ...closed, id: 's3' }, later(40)])).toBe('unknown');
  });
});

test('a later cursor settles what was about to be sent at the end, and says nothing of what was not written', () => {
  const ended: SessionRecord = { ...RECORD, unsentBytes: 10, closedMs: 5 };
  const later: SessionRecord = { ...RECORD, id: 's2', openedMs: 6, given: encodeCursor('e', 40), start: 40 };
  const settle = (seq: number, found: Partial<FoundEvent> = {}) => {
    const returns = findReturns([ended, later]).get(ended) ?? [];
    const { written, why, acknowledged, by } = settleSession(asked(seq, found), ended, returns, 0);
    return [written, why, acknowledged, by?.id];
  };
  expect(settle(30)).toEqual(['yes', undefined, 'yes', 's2']);
  expect(settle(42)).toEqual(['unknown', 'unsent', 'no', 's2']);
  const newestOnly = [{ after: 10, upTo: 50 }];
  const skipped = settleSession(asked(30), { ...ended, newestOnly }, [{ by: later, seq: 40 }], 0);
  expect(skipped).toMatchObject({ written: 'unknown', why: 'newest-only', acknowledged: 'unknown' });
  expect(settle(30, { topic: 'chat' })).toEqual(['no', 'no-topic', 'unknown', undefined]);
});
