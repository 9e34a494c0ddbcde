import { encodeCursor } from '@tidings/protocol';
import { expect, test } from 'vitest';
import { conclude } from '../src/explain/conclude.ts';
import { explain } from '../src/explain/explain.ts';
import { judgeSession } from '../src/explain/judge-session.ts';
import type { AskedEvent, JournalPart, SessionRecord } from '../src/explain/session-record.ts';

const T = 1_000_000;
const asked: AskedEvent = {
  epoch: 'e',
  seq: 30,
  found: { state: 'stored', topic: 'a', event: '', timeMs: T, exclude: '', isPublic: false },
};
const RECORD: SessionRecord = {
  id: 's1',
  node: 'n',
  epoch: 'e',
  openedMs: T - 100_000,
  start: 10,
  through: 50,
  lastId: 45,
  atMs: T + 5_000,
  unsentBytes: 0,
  cut: false,
  topics: [{ after: 0, settled: 0, topics: ['a'] }],
  grants: [{ after: 0, patterns: ['a'] }],
  gaps: [],
  newestOnly: [],
  replays: [],
};
const PART: JournalPart = {
  node: 'n',
  sinceMs: 0,
  hearsSinceMs: 0,
  isOn: true,
  forgottenMs: 0,
  records: [],
  heard: [],
};

test('of what several nodes heard of one, the latest counts, in whatever order they answer', () => {
  const old = { ...PART, heard: [{ node: 'x', sinceMs: 0, heardMs: T - 100_000 }] };
  const late = { ...PART, node: 'm', heard: [{ node: 'x', sinceMs: 0, heardMs: T + 5_000 }] };
  for (const parts of [
    [old, late],
    [late, old],
  ]) {
    expect(conclude(asked, parts)).toMatchObject({ delivered: 'unknown', lost: late.heard });
  }
});

test('nodes whose clocks differ from that of the event by a few seconds deny nothing', () => {
  expect(conclude(asked, [{ ...PART, forgottenMs: T - 4_000 }]).delivered).toBe('unknown');
  expect(conclude(asked, [{ ...PART, forgottenMs: T - 6_000 }]).delivered).toBe('no');
  expect(conclude(asked, [{ ...PART, hearsSinceMs: T - 1 }]).delivered).toBe('no');
});

test('where sessions may be missing, a cursor may be of one of these', () => {
  const closed = { ...RECORD, closedMs: T + 5_000 };
  const later: SessionRecord = { ...RECORD, id: 's2', openedMs: T + 20_000, given: encodeCursor('e', 40), start: 40 };
  const records = [closed, later];
  const first = (parts: readonly JournalPart[]) => explain('u', asked, parts).sessions[0]?.acknowledged;
  expect(first([{ ...PART, records }])).toBe('yes');
  for (const left of [{ forgottenMs: T + 2_000 }, { heard: [{ node: 'x', sinceMs: 0, heardMs: T + 2_000 }] }]) {
    const parts = [{ ...PART, records, ...left }];
    expect(first(parts)).toBe('unknown');
    expect(conclude(asked, parts).delivered).toBe('written');
  }
});

test('a stream that is still open may be of another page than one that comes with its cursor', () => {
  const later: SessionRecord = { ...RECORD, id: 's2', openedMs: T + 20_000, given: encodeCursor('e', 40), start: 40 };
  expect(conclude(asked, [{ ...PART, records: [RECORD, later] }]).delivered).toBe('written');
});

test('where changes were dropped, a replay may be among them', () => {
  const cut = { ...RECORD, cut: true };
  expect(judgeSession({ ...asked, seq: 5 }, cut)).toMatchObject({ written: 'unknown', why: 'forgotten' });
  const gone = { ...cut, gaps: [{ after: 20, upTo: 40 }] };
  expect(judgeSession({ ...asked, found: { state: 'evicted' } }, gone).written).toBe('unknown');
  expect(judgeSession(asked, cut).granted).toBe(undefined);
});

test('places of a log that was written anew under its name are not those of before', () => {
  const before = { ...RECORD, closedMs: T - 10_000 };
  expect(judgeSession(asked, before)).toMatchObject({ written: 'unknown', why: 'other-log' });
  expect(judgeSession(asked, { ...before, closedMs: T - 4_000 }).written).toBe('yes');
});

test('a node that came later left out nothing, and where nobody was there before this is said', () => {
  const late = { ...PART, node: 'm', sinceMs: T + 1_000, hearsSinceMs: T + 1_000 };
  expect(explain('u', asked, [PART, late])).toMatchObject({
    delivered: 'no',
    nodes: [{ complete: true }, { complete: true }],
  });
  const { delivered, conclusion } = explain('u', asked, [late]);
  expect(delivered).toBe('unknown');
  expect(conclusion).toMatch(/No node that answers knows which nodes there were then\.$/);
});

test('thousands of sessions that came with one old cursor take no time', () => {
  const given = encodeCursor('e', 10);
  const records = Array.from({ length: 2_500 }, (_, place) => ({
    ...RECORD,
    id: `s${place}`,
    given,
    openedMs: T + place,
    closedMs: T + place,
  }));
  const beginMs = performance.now();
  explain('u', asked, [{ ...PART, records }]);
  expect(performance.now() - beginMs).toBeLessThan(500);
});

test('of an event of a log that is gone, or was put back, no session denies what it may have been sent', () => {
  for (const state of ['other-log', 'never'] as const) {
    const gone: AskedEvent = { ...asked, found: { state } };
    expect(judgeSession(gone, RECORD)).toMatchObject({ written: 'unknown', why: 'event-unknown' });
    expect(judgeSession({ ...gone, seq: 10 }, RECORD)).toMatchObject({ written: 'no', why: 'opened-after' });
    expect(judgeSession({ ...gone, seq: 51 }, { ...RECORD, closedMs: T })).toMatchObject({ written: 'no' });
    expect(judgeSession(gone, { ...RECORD, epoch: 'f' })).toMatchObject({ written: 'no', why: 'other-log' });
  }
});
