import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEventLog, type EventLog } from '../src/page/live/event-log.ts';
import { type LiveEntry, toEntryFilter, toLatencyMs, toLiveEvent } from '../src/page/live/live-entry.ts';

const toEntry = (number: number, data: unknown = number): LiveEntry =>
  toLiveEvent(
    { id: `${number}`, topic: 'a.b', event: undefined, time: '2026-11-21T08:00:00.123Z', data },
    number,
    0,
    false,
  );

const numbersOf = ({ shown }: EventLog): number[] =>
  Array.from({ length: shown.length }, (_, place) => shown.at(place)?.number ?? -1);

const isOdd = ({ number }: LiveEntry): boolean => number % 2 === 1;

const step = fc.oneof(
  { weight: 8, arbitrary: fc.constant('push') },
  fc.constantFrom('pause', 'resume', 'filter', 'all', 'clear'),
);

describe('what the page keeps of what came', () => {
  test('is what a plain list would hold, within its bounds, whatever one does', () => {
    const maxEntries = 5;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const log = createEventLog({ maxEntries, maxBytes: 1_000 });
        let kept: LiveEntry[] = [];
        let waiting: LiveEntry[] | undefined;
        let filter = (_: LiveEntry): boolean => true;
        let dropped = 0;
        const bound = (list: LiveEntry[]): LiveEntry[] => {
          dropped += Math.max(0, list.length - maxEntries);
          return list.slice(-maxEntries);
        };
        for (const [place, act] of steps.entries()) {
          if (act === 'push') {
            log.push(toEntry(place));
            if (waiting) waiting = bound([...waiting, toEntry(place)]);
            else kept = bound([...kept, toEntry(place)]);
          } else if (act === 'pause') {
            log.pause();
            waiting ??= [];
          } else if (act === 'resume') {
            log.resume();
            kept = bound([...kept, ...(waiting ?? [])]);
            waiting = undefined;
          } else if (act === 'clear') {
            log.clear();
            kept = [];
            waiting &&= [];
          } else {
            filter = act === 'filter' ? isOdd : () => true;
            log.setFilter(filter);
          }
          expect(numbersOf(log)).toEqual(kept.filter(filter).map(({ number }) => number));
          expect([log.waiting, log.dropped, log.isPaused]).toEqual([
            waiting?.length ?? 0,
            dropped,
            waiting !== undefined,
          ]);
        }
      }),
    );
  });

  test('is bounded in bytes too, by the oldest, and the newest stays however large', () => {
    const log = createEventLog({ maxEntries: 100, maxBytes: 10 });
    for (const [place, data] of ['1234', '1234', '12', '1', 'x'.repeat(50)].entries()) {
      log.push(toEntry(place, data));
      if (place === 3) expect(numbersOf(log)).toEqual([1, 2, 3]);
    }
    expect(numbersOf(log)).toEqual([4]);
    expect(log.passed).toBe(4);
  });

  test('finds the place of an entry by its number, after tens of thousands have gone', () => {
    const log = createEventLog({ maxEntries: 1_000, maxBytes: 1e9 });
    for (let number = 0; number < 30_000; number += 1) log.push(toEntry(number));
    expect(log.shown.length).toBe(1_000);
    expect(log.shown.search(({ number }) => number < 29_500)).toBe(500);
    expect(log.shown.at(1_000)).toBeUndefined();
    expect(log.shown.at(-1)).toBeUndefined();
  });
});

describe('an entry', () => {
  test('has its size in bytes, and the time that it was under way unless it was replayed', () => {
    const event = { id: undefined, topic: 'a', event: 'Née', time: '2026-11-21T08:00:00.123Z', data: { a: 'ü🎈' } };
    const entry = toLiveEvent(event, 1, Date.parse(event.time) + 7, false);
    expect([entry.text, entry.bytes, toLatencyMs(entry)]).toEqual(['{"a":"ü🎈"}', 14, 7]);
    expect(toLatencyMs({ ...entry, isReplayed: true })).toBeUndefined();
    const matches = ['née', 'A', ' ü🎈 ', ''].map((text) => toEntryFilter(text)(entry));
    expect(matches).toEqual([true, true, true, true]);
    expect(toEntryFilter('b')(entry)).toBe(false);
    const gap = { from: '', to: '', reason: 'expired' } as const;
    expect(toEntryFilter('b')({ kind: 'gap', number: 1, gap, bytes: 0, arrivedMs: 0 })).toBe(true);
  });
});
