import { describe, expect, test } from 'vitest';
import { CHARTS, describeChart } from '../src/page/overview/chart-list.ts';
import { createMetricsHistory } from '../src/page/overview/metrics-history.ts';
import { countedSinceMs, toTiles } from '../src/page/overview/tile-list.ts';
import { nodeOf, snapshotOf } from './snapshots.ts';

describe('the history of the overview', () => {
  test('holds five minutes and no more, however long the page is open or however fast snapshots come', () => {
    const history = createMetricsHistory();
    for (let sec = 0; sec < 1_000; sec += 1) history.add(snapshotOf([nodeOf('a', { streams: sec })]), sec * 1000);
    const { atSec, values } = history.columnsOf(undefined);
    expect([atSec.length, atSec[0], atSec.at(-1)]).toEqual([301, 699, 999]);
    expect(values.streams.at(-1)).toBe(999);
    for (let ms = 1; ms <= 1_000; ms += 1) history.add(snapshotOf([]), 999_000 + ms);
    expect(history.columnsOf(undefined).atSec).toHaveLength(301);
  });

  test('a node has its own numbers, and none while it is not there', () => {
    const history = createMetricsHistory();
    history.add(snapshotOf([nodeOf('a', { streams: 2 }), nodeOf('b', { streams: 5, p99Ms: 14 })]), 1_000);
    history.add(snapshotOf([nodeOf('a', { streams: 3 })]), 2_000);
    expect(history.columnsOf('b').values).toMatchObject({ streams: [5, null], p99Ms: [14, null] });
    expect(history.columnsOf(undefined).values.streams).toEqual([7, 3]);
  });

  test('a time in which nothing came breaks the line', () => {
    const history = createMetricsHistory();
    for (const ms of [1_000, 2_000, 9_000]) history.add(snapshotOf([nodeOf('a', { streams: 1 })]), ms);
    const { atSec, values } = history.columnsOf(undefined);
    expect(atSec).toEqual([1, 2, 2.001, 9]);
    expect(values.streams).toEqual([1, 1, null, 1]);
  });

  test('a clock that is set back begins anew, and what was written with it is not drawn over', () => {
    const history = createMetricsHistory();
    for (const ms of [9_000, 10_000, 4_000, 5_000]) history.add(snapshotOf([]), ms);
    expect(history.columnsOf(undefined).atSec).toEqual([4, 5]);
  });
});

describe('the words of the overview', () => {
  test('tiles show the total, with what it is made of', () => {
    const nodes = [nodeOf('a'), nodeOf('b'), nodeOf('c', { edge: false, since: '2026-11-21T07:59:00.000Z' })];
    const snapshot = snapshotOf(nodes, {
      streams: 1_200,
      delivered: 90_210,
      deliveredPerSec: 801.5,
      p99Ms: 1_400,
      resumes: { ring: 17, history: 1, gap: 2 },
    });
    const tiles = Object.fromEntries(
      toTiles(snapshot).map(({ name, value, unit, note }) => [name, [value, unit, note]]),
    );
    expect(tiles.Streams).toEqual(['1,200', '', 'on 2 edges']);
    expect(tiles['Events out']).toEqual(['801.5', '/s', '90,210 in all']);
    expect(tiles['Latency, p50']).toEqual(['–', '', 'nothing went out just now']);
    expect(tiles['Latency, p99']).toEqual(['1.4', 's', 'from publish to write']);
    expect(tiles.Resumes).toEqual(['20', '', 'ring\u00a017, history\u00a01, gap\u00a02']);
    expect(countedSinceMs(snapshot)).toBe(Date.parse('2026-11-21T07:59:00.000Z'));
  });

  test('each chart says in words what it shows, also before there is a number', () => {
    const history = createMetricsHistory();
    const describeAll = (): string[] =>
      CHARTS.map((chart) => describeChart(chart, history.columnsOf(undefined), 'all nodes'));
    expect(describeAll()[0]).toBe('Streams of all nodes in the last 5 minutes: open now –, at most –');
    history.add(snapshotOf([], { p50Ms: 40, p99Ms: 90 }), 1_000);
    history.add(snapshotOf([], { p50Ms: 2, p99Ms: null }), 2_000);
    expect(describeAll()[2]).toBe(
      'Delivery latency of all nodes in the last 5 minutes: p50 now 2 ms, at most 40 ms; p99 now –, at most 90 ms',
    );
  });
});
