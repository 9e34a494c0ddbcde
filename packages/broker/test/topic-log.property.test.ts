import { createTopicLog, findStart, type LogEntry, readHistory, readLatest, type TopicLog } from '@tidings/broker/log';
import { toMatcher } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// Few topics and patterns, so that they meet; lifetimes and gaps of seconds, so that ttl ends in the middle.
const TOPICS = ['a', 'b', 'a.x', 'a.y', 'b.x', 'c.1', 'c.2', 'c.3'];
const patterns = fc.uniqueArray(fc.constantFrom(...TOPICS, '*', 'a.*', 'c.>', '*.x', '>'), {
  minLength: 1,
  maxLength: 4,
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      topic: fc.constantFrom(...TOPICS),
      tenant: fc.constantFrom('t', 'u'),
      ttlSec: fc.constantFrom(0, 0, 1, 3),
    }),
  },
  { weight: 2, arbitrary: fc.record({ passMs: fc.integer({ min: 1, max: 2_500 }) }) },
  { weight: 1, arbitrary: fc.record({ removeAt: fc.nat(60) }) },
);

interface Entry extends LogEntry {
  readonly seq: number;
}

/** The log under test beside a plain list of everything that should still be in it. */
function play(steps: readonly object[], maxBytes: number) {
  const log: TopicLog<Entry> = createTopicLog({ maxBytes, maxAgeMs: 8_000 });
  let kept: Entry[] = [];
  let nowMs = 1_000_000;
  for (const each of steps) {
    if ('topic' in each) {
      const { topic, tenant, ttlSec } = each as { topic: string; tenant: string; ttlSec: number };
      const expiresAtMs = ttlSec === 0 ? Number.POSITIVE_INFINITY : nowMs + ttlSec * 1000;
      const entry = { seq: log.last + 1, tenant, topic, timeMs: nowMs, expiresAtMs, bytes: 100 };
      log.append(entry);
      kept.push(entry);
    } else if ('passMs' in each) nowMs += each.passMs as number;
    else if ('removeAt' in each) {
      log.remove(each.removeAt as number);
      kept = kept.filter(({ seq }) => seq !== each.removeAt);
    }
    log.evict(nowMs);
    kept = kept.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }
  const now = (): number => nowMs;
  return { log, now, kept: kept.filter(({ seq }) => seq >= log.first) };
}

const sequences = (pages: Iterable<{ entries: readonly Entry[]; through: number }>): number[] =>
  [...pages].flatMap(({ entries }) => entries.map(({ seq }) => seq));

describe('a log of topics, against a plain list', () => {
  it('keeps, finds and forgets the same', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        patterns,
        fc.constantFrom(1_500, 1_000_000),
        fc.nat(130),
        fc.integer({ min: 1, max: 10 }),
        (steps, chosen, maxBytes, after, count) => {
          const { log, now, kept } = play(steps, maxBytes);
          const selection = { tenant: 't', patterns: chosen };
          const matches = toMatcher(chosen);
          const wanted = kept.filter(({ tenant, topic }) => tenant === 't' && matches(topic));
          const range = { after: Math.min(after, log.last), upTo: log.last };
          const inRange = wanted.filter(({ seq }) => seq > range.after).map(({ seq }) => seq);
          expect(sequences(readHistory(log, selection, range, now))).toEqual(inRange);

          const newest = new Map(wanted.filter(({ seq }) => seq > range.after).map(({ topic, seq }) => [topic, seq]));
          expect(sequences(readLatest(log, selection, range, now))).toEqual([...newest.values()].sort((a, b) => a - b));

          const start = (of: Parameters<typeof findStart>[2]): number => {
            const search = findStart(log, selection, of, log.last, now);
            for (let found = search.next(); ; found = search.next()) if (found.done) return found.value;
          };
          const last = wanted.slice(-count)[0]?.seq;
          expect(start({ count })).toBe(last === undefined ? log.last : last - 1);
          const middleMs = wanted[Math.floor(wanted.length / 2)]?.timeMs ?? now();
          const since = wanted.find(({ timeMs }) => timeMs >= middleMs)?.seq;
          expect(start({ sinceMs: middleMs })).toBe(since === undefined ? log.last : since - 1);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('counts what it holds, and drops a topic with its last entry', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(1_500, 1_000_000), (steps, maxBytes) => {
        const { log } = play(steps, maxBytes);
        expect(log.bytes).toBe(log.size * 100);
        expect(log.bytes).toBeLessThanOrEqual(maxBytes);
        for (const tenant of ['t', 'u']) {
          for (const list of log.topicsOf(tenant).values()) expect(list.size).toBeGreaterThan(0);
        }
      }),
    );
  });

  it('drops what expired in steps, and readers never see it meanwhile', () => {
    const log = createTopicLog<Entry>({ maxBytes: 1e9, maxAgeMs: 1e9 });
    const entry = { tenant: 't', topic: 'a', timeMs: 0, bytes: 1 };
    log.append({ ...entry, seq: 1, expiresAtMs: Number.POSITIVE_INFINITY });
    for (let seq = 2; seq <= 3_002; seq += 1) log.append({ ...entry, seq, expiresAtMs: 1_000 });
    log.evict(2_000);
    expect(log.size).toBe(2_002);
    const read = (): number[] =>
      sequences(readHistory(log, { tenant: 't', patterns: ['a'] }, { after: 0, upTo: log.last }, () => 2_000));
    expect(read()).toEqual([1]);
    for (let turn = 0; turn < 3; turn += 1) log.evict(2_000);
    expect([log.size, log.first]).toEqual([1, 1]);
    expect(read()).toEqual([1]);
  });
});
