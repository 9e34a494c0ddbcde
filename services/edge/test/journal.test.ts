import { createFakeClock } from '@tidings/runtime/testing';
import { expect, it } from 'vitest';
import { createJournal, type JournalOptions } from '../src/journal.ts';
import type { Session } from '../src/session.ts';

const feed = { epoch: 'e', position: 0, ring: { last: 0 } } as unknown as JournalOptions['feed'];
const GRANT = { subscribe: ['>'], tenant: 't', user: undefined } as never;
const MAX_BYTES = 8_000_000;

/** A journal in which one user's streams came and went. */
function fill(count: number, user: string, topics: readonly string[]) {
  const clock = createFakeClock();
  const journal = createJournal({ node: 'n', feed, clock, maxBytes: MAX_BYTES, maxAgeMs: 60_000 });
  for (let each = 0; each < count; each += 1) {
    const outbox = { unsentBytes: 0, lostBytes: 0 };
    const places = { live: true, cursorSeq: 0, position: 0, fedFrom: 0 };
    const session = { ...places, id: `s${each}`, tenant: 't', user, sinceMs: 1, topics, outbox } as unknown as Session;
    journal.opened(session, GRANT, undefined);
    journal.closed(session);
  }
  return { clock, journal, find: () => journal.find('t', user) };
}

it('one answer stays within what a node may say, and tells that some is left out', () => {
  const topics = Array.from({ length: 100 }, (_, place) => `topic.${place}.${'x'.repeat(50)}`);
  const { clock, find } = fill(500, 'u', topics);
  const part = find();
  expect(JSON.stringify(part).length).toBeLessThan(740_000);
  expect(part.records[0]?.id).toBe('s499');
  expect(part.forgottenMs).toBe(clock.now());
});

it('the name of a user counts for what it takes', () => {
  const user = 'u'.repeat(6_000);
  expect(fill(2_000, user, ['a']).find().records.length).toBeLessThan(MAX_BYTES / user.length);
});
