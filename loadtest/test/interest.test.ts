import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EdgesPoint } from '../src/interest/edges.ts';
import { eventsOf, findFailures, worstDeviation } from '../src/interest/judge.ts';
import { type Layout, pathsOf, streamOf, streamsOnEdge, topicOf } from '../src/interest/layout.ts';
import { isClean, Ledger } from '../src/interest/ledger.ts';
import { sentBetween } from '../src/interest/live-connections.ts';
import { parseInterestOptions } from '../src/interest/options.ts';
import { wholePlan } from '../src/interest/plan.ts';

describe('the words after npm run loadtest:interest --', () => {
  test('choose parts, and figures are kept of a whole run alone', () => {
    expect(parseInterestOptions([])).toEqual({
      quick: false,
      only: ['edges', 'busy', 'subscriptions', 'attach', 'outage'],
      out: 'loadtest/results/interest.json',
    });
    expect(parseInterestOptions(['--only', 'outage,edges', '--quick'])).toEqual({
      quick: true,
      only: ['edges', 'outage'],
      out: undefined,
    });
    expect(parseInterestOptions(['--quick', '--out', 'figures.json']).out).toBe('figures.json');
  });

  test('are refused with what there is, when they name nothing', () => {
    expect(() => parseInterestOptions(['--only', 'edge'])).toThrow('edge. There are: edges, busy, subscriptions');
  });
});

describe('who follows what', () => {
  const layouts = fc
    .record({
      edges: fc.integer({ min: 1, max: 5 }),
      topics: fc.integer({ min: 5, max: 500 }),
      topicsPerStream: fc.integer({ min: 1, max: 100 }),
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    })
    .filter(({ topics, share, edges }) => Math.round(topics * share) >= edges);

  test('each topic that is followed is on one stream, and so many are as the share says', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const streams = Array.from({ length: layout.topics }, (_, topic) => streamOf(layout, topic));
        const followed = streams.filter((stream) => stream >= 0);
        expect(followed).toHaveLength(Math.round(layout.topics * layout.share));
        expect(Math.max(...followed)).toBeLessThan(layout.edges * streamsOnEdge(layout));
        const paths = pathsOf(layout);
        for (const [topic, stream] of streams.entries()) {
          if (stream >= 0) expect(paths[stream]).toContain(topicOf(topic));
        }
        expect(paths.join().match(/topic=/g) ?? []).toHaveLength(followed.length);
      }),
    );
  });

  test('each edge of the whole plan has the same part, and no stream more topics than it may have', () => {
    const { edges, topics, topicsPerStream, shares } = wholePlan().edges;
    const all: Layout[] = [
      ...edges.map((count) => ({ topics, topicsPerStream, edges: count, share: 1 })),
      ...shares.map((share) => ({ topics, topicsPerStream, edges: 1, share })),
    ];
    for (const layout of all) {
      const sizes = pathsOf(layout).map((path) => path.split('topic=').length - 1);
      const perEdge = streamsOnEdge(layout);
      const parts = Array.from({ length: layout.edges }, (_, edge) =>
        sizes.slice(edge * perEdge, (edge + 1) * perEdge).reduce((sum, size) => sum + size, 0),
      );
      expect(new Set(parts).size).toBe(1);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    }
  });
});

describe('the ledger', () => {
  // Even numbers are for stream 0, odd ones for nobody.
  const create = (): Ledger => new Ledger(10, (number) => (number % 2 === 0 ? 0 : -1));

  test('finds what is missing, what came twice, and what came to a stream that does not follow it', () => {
    const ledger = create();
    for (const number of [0, 1, 2, 4]) {
      ledger.send(number, 1_000);
      ledger.accept(number, 2_000);
    }
    ledger.receive(0, 0, 3_000);
    ledger.receive(2, 0, 3_000);
    ledger.receive(2, 0, 3_500);
    ledger.receive(1, 0, 4_000);
    expect(ledger.account()).toEqual({ accepted: 4, due: 3, missing: 1, repeated: 1, strayed: 1 });
    expect(isClean(ledger.account())).toBe(false);
    ledger.receive(4, 0, 5_000);
    expect(ledger.missing).toBe(0);
  });

  test('says how late events of a range were, and that what came before the answer was not late after it', () => {
    const ledger = create();
    ledger.send(0, 1_000);
    ledger.accept(0, 9_000);
    ledger.receive(0, 0, 5_000);
    ledger.send(8, 1_000);
    ledger.accept(8, 1_500);
    ledger.receive(8, 0, 101_000);
    expect(ledger.lateness(0, 2).sinceSent?.maxMs).toBe(4);
    expect(ledger.lateness(0, 2).sinceAccepted?.maxMs).toBe(0);
    expect(ledger.lateness(8, 2).sinceSent?.maxMs).toBe(100);
    expect(ledger.lateness(2, 2).sinceSent).toBeUndefined();
    expect(ledger.longestSilenceMs()).toBe(96);
  });
});

test('what a connection was sent is between two readings of the same one', () => {
  const reading = (cid: number, messages: number) => new Map([[`n ${cid}`, { messages, bytes: messages * 10 }]]);
  expect(sentBetween(reading(7, 3), reading(7, 5))).toEqual([{ messages: 2, bytes: 20 }]);
  expect(() => sentBetween(reading(7, 3), reading(8, 5))).toThrow('was not there before');
});

describe('the verdict', () => {
  const point: EdgesPoint = {
    feed: 'interest',
    layout: { topics: 400, edges: 4, topicsPerStream: 100, share: 1 },
    events: 4_000,
    seconds: 1,
    account: { accepted: 4_000, due: 4_000, missing: 0, repeated: 0, strayed: 0 },
    sent: [1_150, 1_150, 1_150, 1_150].map((messages) => ({ messages, bytes: 0 })),
    index: { messages: 150, bytes: 0 },
    edgesCpuSec: [0.1, 0.1, 0.1, 0.1],
    restCpuSec: 0,
    ingestCpuSec: 0,
    serversCpuSec: 0,
    edgesRssBytes: [],
    busy: { sinceSent: undefined, sinceAccepted: undefined },
    calm: { sinceSent: undefined, sinceAccepted: undefined },
    repaired: 0,
    faults: [],
  };

  test('counts notices apart, which only those hear that are fed by interest', () => {
    expect(eventsOf(point)).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(eventsOf({ ...point, feed: 'all' })).toEqual([1_150, 1_150, 1_150, 1_150]);
    expect(findFailures([point], [], [], undefined)).toEqual([]);
  });

  test('fails for an edge that is sent a tenth more than its part, and for an event that did not come once', () => {
    const sent = point.sent.with(2, { messages: 1_270, bytes: 0 });
    expect(worstDeviation({ ...point, sent })).toBeCloseTo(0.12);
    expect(findFailures([{ ...point, sent }], [], [], undefined)).toEqual([
      'interest, 4 edges, 100% of the topics: an edge was sent 12.0% more events than its part',
    ]);
    const account = { ...point.account, repeated: 1 };
    const busy = { feed: 'all' as const, share: 1, events: 1, seconds: 1, account, edgeCpuSec: 1 };
    expect(findFailures([], [busy], [], undefined)[0]).toContain('all, busy, 100% of the topics: not each event once');
    expect(findFailures([{ ...point, account }], [], [], undefined)[0]).toContain('not each event once');
  });
});
