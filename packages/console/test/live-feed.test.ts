import { HubError, type Tidings, type TidingsEvent, type TidingsNotices } from '@tidings/sdk/subscriber';
import { describe, expect, test } from 'vitest';
import { createEventLog } from '../src/page/live/event-log.ts';
import { layOut } from '../src/page/live/live-entry.ts';
import { createLiveFeed } from '../src/page/live/live-feed.ts';

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function defer(): Deferred {
  let settle: Omit<Deferred, 'promise'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as Omit<Deferred, 'promise'>) };
}

interface Held {
  readonly handle: (event: TidingsEvent) => void;
  readonly replay: unknown;
  readonly ready: Deferred;
  readonly ended: Deferred;
  isLeft: boolean;
}

/** A client whose events come when the test says so. */
function createStage() {
  const held = new Map<string, Held>();
  let tellGap = (_gap: TidingsNotices['gap']): void => {};
  const tidings = {
    subscribe(topic: string, handle: Held['handle'], { replay }: { replay: unknown }) {
      const [ready, ended] = [defer(), defer()];
      const subscription: Held = { handle, replay, ready, ended, isLeft: false };
      held.set(topic, subscription);
      const unsubscribe = (): void => {
        subscription.isLeft = true;
      };
      return { topic, ready: ready.promise, ended: ended.promise, unsubscribe };
    },
    on(_name: string, listener: typeof tellGap) {
      tellGap = listener;
      return () => {
        tellGap = () => {};
      };
    },
  } as unknown as Tidings;
  const log = createEventLog();
  const feed = createLiveFeed({ tidings, log, changed() {}, now: () => 7 });
  const shown = () => Array.from({ length: log.shown.length }, (_, place) => log.shown.at(place));
  return {
    feed,
    log,
    shown,
    of: (topic: string) => held.get(topic) as Held,
    tellGap: (gap: TidingsNotices['gap']) => tellGap(gap),
  };
}

const toEvent = (id: string | undefined, data = ''): TidingsEvent => ({
  id,
  topic: 'a',
  event: undefined,
  time: '2026-11-21T08:00:00.000Z',
  data,
});

describe('what comes to the list', () => {
  test('stands in it once, whichever topics bring it, and counts for each of them', () => {
    const { feed, shown, of } = createStage();
    feed.follow('a', 'none');
    feed.follow('*', 'all');
    for (const event of [toEvent('1', 'ü'), toEvent(undefined), toEvent(undefined)]) {
      of('a').handle(event);
      of('*').handle(event);
    }
    // Of a replay that came later, as a copy.
    of('*').handle(toEvent('1', 'ü'));
    expect(shown()).toHaveLength(3);
    expect([feed.received, feed.bytes]).toEqual([3, 2]);
    expect(feed.topics.map(({ topic, received }) => [topic, received])).toEqual([
      ['a', 3],
      ['*', 4],
    ]);
    feed.forget();
    of('*').handle(toEvent('1', 'ü'));
    expect(feed.received).toBe(4);
  });

  test('shows a note in place of data that is nested deeper than it can be written, and lays out what is not', () => {
    const { feed, shown, of } = createStage();
    feed.follow('a', 'none');
    const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    for (const [place, depth] of [1_000, 1_001, 200_000].entries()) {
      of('a').handle({ ...toEvent(`${place}`), data: nested(depth) });
    }
    const note = { isTooDeep: true, text: 'JSON that is nested too deep to be shown' };
    expect(shown()).toMatchObject([{ isTooDeep: false, bytes: 2_000 }, note, note]);
    expect(layOut([{ a: 1 }])).toBe('[\n  {\n    "a": 1\n  }\n]');
    expect(layOut(' {"a":1}')).toBe('{\n  "a": 1\n}');
    // Indents would make megabytes of it.
    expect(layOut(nested(1_000))).toHaveLength(2_000);
    expect(layOut(JSON.stringify(nested(1_000)))).toHaveLength(2_000);
    expect(layOut('['.repeat(200_000))).toHaveLength(200_000);
  });

  test('is marked as replayed until the subscription is ready, where a replay was asked for', async () => {
    const { feed, shown, of } = createStage();
    feed.follow('a', 5);
    feed.follow('b', 'none');
    expect([of('a').replay, of('b').replay]).toEqual([5, 'none']);
    of('a').handle(toEvent('1'));
    of('b').handle(toEvent('2'));
    of('a').ready.resolve();
    await of('a').ready.promise;
    of('a').handle(toEvent('3'));
    expect(shown().map((entry) => entry?.kind === 'event' && entry.isReplayed)).toEqual([true, false, false]);
  });

  test('has the gaps between the events, while something is followed', () => {
    const { feed, shown, of, tellGap } = createStage();
    const gap = { from: 'x', to: 'y', reason: 'expired' } as const;
    tellGap(gap);
    feed.follow('a', 'none');
    of('a').handle(toEvent('1'));
    tellGap(gap);
    of('a').handle(toEvent('2'));
    expect(shown().map((entry) => [entry?.kind, entry?.number])).toEqual([
      ['event', 1],
      ['gap', 2],
      ['event', 3],
    ]);
    feed.close();
    tellGap(gap);
    expect(shown()).toHaveLength(3);
    expect(of('a').isLeft).toBe(true);
  });

  test('ends for a topic that the hub refuses, which says why and can be asked for again', async () => {
    const { feed, of } = createStage();
    feed.follow('a', 'none');
    const first = of('a');
    feed.follow('a', 'none');
    expect(of('a')).toBe(first);
    first.ready.promise.catch(() => {});
    first.ready.reject(new Error('never'));
    first.ended.reject(new HubError('forbidden', 'Not yours.', { status: 403 }));
    await expect.poll(() => feed.topics[0]?.fault).toBe('Not yours. (forbidden)');
    feed.follow('a', 'none');
    expect(of('a')).not.toBe(first);
    expect(feed.topics).toEqual([{ topic: 'a', received: 0, fault: '' }]);
    feed.leave('a');
    expect([of('a').isLeft, feed.topics]).toEqual([true, []]);
  });
});
