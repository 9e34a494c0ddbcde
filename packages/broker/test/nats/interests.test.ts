import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { selectionOf } from '../../src/contract/fixture.ts';
import type { BulkSubscription } from '../../src/nats/bulk-subscription.ts';
import { type Followed, Interests } from '../../src/nats/interests.ts';
import type { Interest } from '../../src/port.ts';
import { turn } from './fakes.ts';

/** Interests whose server and log a test plays. */
function createInterests() {
  const clock = createFakeClock();
  const subscribed: string[] = [];
  const asked: string[][] = [];
  const earlier = new Map<string, number>();
  let sid = 0;
  let flush = (): void => {};
  let flushes = 0;
  let looking = Promise.resolve();
  const state = { newest: 0, position: 0 };
  const reached: { place: number; resolve: () => void }[] = [];
  const interests = new Interests({
    bulk: {
      add(entry: Followed) {
        sid += 2;
        entry.sid = sid;
        subscribed.push(entry.filter);
      },
      remove: ({ filter }: Followed) => void subscribed.splice(subscribed.indexOf(filter), 1),
    } as BulkSubscription<Followed>,
    clock,
    flushed: () =>
      new Promise((resolve) => {
        flushes += 1;
        flush = resolve;
      }),
    newest: () => state.newest,
    async lookBack(filters) {
      asked.push([...filters]);
      await looking;
      return earlier;
    },
    position: () => state.position,
    reached: (place) => new Promise((resolve) => void reached.push({ place, resolve })),
  });
  return {
    interests,
    clock,
    subscribed,
    asked,
    earlier,
    state,
    reached,
    /** Holds the looks back until the answer is called. */
    holdLooks(): () => void {
      let release = (): void => {};
      looking = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    get flushes() {
      return flushes;
    },
    async flush() {
      flush();
      await turn();
    },
    async follow(...patterns: string[]): Promise<Interest> {
      const following = interests.follow(selectionOf(...patterns));
      await turn();
      flush();
      return following;
    },
  };
}

describe('what a process follows', () => {
  it('is one subscription however many follow it, until ten seconds after the last has left', async () => {
    const { interests, clock, subscribed, follow } = createInterests();
    const [one, other] = [await follow('a'), await follow('a')];
    expect(subscribed).toEqual(['default.a']);
    one.release();
    one.release();
    clock.advance(20_000);
    expect([subscribed, interests.size]).toEqual([['default.a'], 1]);
    other.release();
    clock.advance(9_000);
    expect(subscribed).toEqual(['default.a']);
    // Whoever comes back within that time is there at once.
    const back = interests.follow(selectionOf('a'));
    expect(back).not.toBeInstanceOf(Promise);
    clock.advance(20_000);
    (back as Interest).release();
    clock.advance(11_000);
    expect([subscribed, interests.size]).toEqual([[], 0]);
    expect([interests.includes('default.a'), interests.covers('default.a', 9)]).toEqual([false, false]);
  });

  it('gives up very many in turns', async () => {
    const { clock, subscribed, follow } = createInterests();
    const many = await follow(...Array.from({ length: 5_000 }, (_, at) => `t.${at}`));
    many.release();
    clock.advance(10_000);
    const left = [];
    for (let second = 0; second < 4; second += 1) {
      left.push(subscribed.length);
      clock.advance(1_000);
    }
    expect(left).toEqual([3_000, 1_000, 0, 0]);
  });

  it('counts from the newest place that was heard of when the server has it, and not before', async () => {
    const { interests, state, flush, follow } = createInterests();
    state.newest = 5;
    const following = interests.follow(selectionOf('a', 'b.*'));
    await turn();
    expect([interests.includes('default.a'), interests.covers('default.a', 100)]).toEqual([true, false]);
    state.newest = 7;
    state.position = 7;
    await flush();
    expect((await following).from).toBe(7);
    expect([7, 8].map((place) => interests.covers('default.b.x', place))).toEqual([false, true]);
    // A session is whole where all of its topics are.
    state.newest = 9;
    state.position = 9;
    expect((await follow('a', 'late')).from).toBe(9);
  });

  it('is asked about together: whoever comes while the server is asked shares the next question', async () => {
    const made = createInterests();
    const first = made.interests.follow(selectionOf('a'));
    await turn();
    const others = ['b', 'c', 'd'].map((topic) => made.interests.follow(selectionOf(topic)));
    await turn();
    expect(made.flushes).toBe(1);
    await made.flush();
    await made.flush();
    await Promise.all([first, ...others]);
    expect(made.flushes).toBe(2);
    expect(made.asked).toEqual([['default.a'], ['default.b', 'default.c', 'default.d']]);
  });

  it('counts from an earlier place where the log shows nothing since, and waits for the feed where it must', async () => {
    const { interests, state, earlier, reached, flush, follow } = createInterests();
    state.newest = 50;
    state.position = 40;
    earlier.set('default.quiet', 3);
    expect((await follow('quiet')).from).toBe(3);
    const busy = interests.follow(selectionOf('busy'));
    await turn();
    await flush();
    expect(reached.map(({ place }) => place)).toEqual([50]);
    state.position = 50;
    reached[0]?.resolve();
    expect((await busy).from).toBe(50);
  });

  it('has what comes while the log is read', async () => {
    const { interests, state, flush, holdLooks } = createInterests();
    state.newest = 50;
    state.position = 60;
    const answer = holdLooks();
    const following = interests.follow(selectionOf('a'));
    await turn();
    await flush();
    expect([50, 51].map((place) => interests.covers('default.a', place))).toEqual([false, true]);
    answer();
    expect((await following).from).toBe(50);
  });

  it('begins anew with the log, also where the log was asked before and answers after', async () => {
    const { interests, state, earlier, flush, follow, holdLooks } = createInterests();
    state.newest = 50;
    state.position = 50;
    const standing = await follow('a');
    earlier.set('default.b', 44);
    const answer = holdLooks();
    const following = interests.follow(selectionOf('b'));
    await turn();
    await flush();
    interests.restart(2);
    state.newest = 2;
    state.position = 2;
    answer();
    expect([standing.from, (await following).from]).toEqual([2, 2]);
  });

  it('takes a live-only event of several patterns for the one that was followed first', async () => {
    const { interests, follow } = createInterests();
    await follow('a.*');
    await follow('a.b');
    await follow('>');
    expect(interests.firstOf('default.a.b')?.filter).toBe('default.a.*');
    expect(interests.firstOf('default.z')?.filter).toBe('default.>');
    expect(interests.firstOf('other.z')).toBeUndefined();
  });

  it('knows what was followed only now', async () => {
    const { interests, clock, follow } = createInterests();
    await follow('a.*');
    clock.advance(5_000);
    await follow('a.b', 'c');
    expect(['default.c', 'default.a.b'].map((subject) => interests.isYoung(subject, 1_000))).toEqual([true, false]);
  });
});
