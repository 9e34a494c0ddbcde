import { describe, expect, test } from 'vitest';
import { toFindings } from '../src/load/findings.ts';
import { toReport } from '../src/load/report.ts';
import { isGood, type LoadResult } from '../src/load/result.ts';
import { parseSummary } from '../src/load/summary.ts';
import { toLoadTable } from '../src/load/table.ts';

const summary = parseSummary(
  JSON.stringify({
    metrics: {
      sse_events: { values: { count: 12_345, rate: 1 }, thresholds: { 'count>0': { ok: true } } },
      sse_event_latency: {
        values: { count: 9, med: 4.21, 'p(99)': 1_234, max: 2_000 },
        thresholds: { 'p(99)<1000': { ok: false } },
      },
      sse_returning: { values: { count: 0, med: 0, 'p(99)': 0, max: 0 } },
      missing: { values: { value: 0 } },
    },
  }),
);
const latency = { count: 9, p50: 4, p95: 8, p99: 11, max: 20 };
const result: LoadResult = {
  scenario: 'fan-out',
  title: 'each event to <many> streams',
  date: '2026-11-28T12:00:00.000Z',
  machine: { node: 'v20', cpu: 'a CPU', cores: 2, memoryGb: 8, system: 'Linux 6' },
  target: 'a hub',
  sizes: { STREAMS: '10' },
  seconds: 20,
  ...summary,
  marks: [{ time: Date.parse('2026-11-28T12:00:07Z') / 1_000, what: 'edge-1 is killed' }],
  processes: [
    {
      name: 'hub',
      cpuSec: 5,
      samples: [1, 2].map((second) => ({
        time: Date.parse('2026-11-28T12:00:00Z') / 1_000 + second,
        cores: 0.5,
        rssBytes: 1e8,
      })),
    },
  ],
  timeline: [1, 2].map((second) => ({
    time: Date.parse('2026-11-28T12:00:00Z') / 1_000 + second,
    counters: { sse_events: 100 },
    gauges: { sse_live: 10, phase: 2 },
    trends: { sse_event_latency: latency },
  })),
  faults: [],
};

describe('a result', () => {
  test('has the thresholds of the summary in order, and is good when all hold and nothing else was wrong', () => {
    expect(result.thresholds).toEqual([
      { metric: 'sse_event_latency', rule: 'p(99)<1000', met: false },
      { metric: 'sse_events', rule: 'count>0', met: true },
    ]);
    expect(isGood(result)).toBe(false);
    const held = { ...result, thresholds: result.thresholds.slice(1) };
    expect(isGood(held)).toBe(true);
    expect(isGood({ ...held, thresholds: [] })).toBe(false);
    expect(isGood({ ...held, faults: ['an edge did not come back'] })).toBe(false);
  });

  test('is told in figures with units; a time that nothing took is not told as 0', () => {
    expect(toFindings(result)).toEqual([
      { name: 'events delivered', value: '12,345' },
      { name: 'latency, all of the run', value: 'p50 4.2, p99 1,234, max 2,000 ms' },
      { name: 'events missing at the end', value: '0' },
      { name: 'hub used', value: '25% of a core, 100 MB at most' },
    ]);
  });

  test('is a table for a terminal', () => {
    const table = toLoadTable({ ...result, faults: ['an edge did not come back'] });
    expect(table).toContain('against a hub; STREAMS=10; 20 s');
    expect(table).toContain('NOT MET  sse_event_latency p(99)<1000');
    expect(table).toContain('   7.0 s  edge-1 is killed');
    expect(table).toContain('FAULT  an edge did not come back');
  });
});

describe('a report', () => {
  test('stands by itself: no script, and nothing that is loaded', () => {
    const page = toReport(result);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|(src|href)=/i);
    expect(page.match(/https?:\/\/[^"]+/g)?.every((url) => url === 'http://www.w3.org/2000/svg')).toBe(true);
    expect(page).toContain('each event to &lt;many> streams');
  });

  test('draws what there was over time, and says what did not hold', () => {
    const page = toReport(result);
    const titles = [...page.matchAll(/<text class="title"[^>]*>([^<]*)</g)].map(([, title]) => title);
    expect(titles).toEqual([
      'Live streams',
      'Events delivered',
      'From publishing to the client',
      'CPU time on this machine',
      'Memory on this machine',
    ]);
    expect(page).toContain('1 of 2 thresholds do not hold.');
    expect(page).toContain('<td>7.0</td><td>edge-1 is killed</td>');
    const held = result.thresholds.map((threshold) => ({ ...threshold, met: true }));
    expect(toReport({ ...result, thresholds: held })).toContain('All thresholds hold.');
    expect(toReport({ ...result, thresholds: [] })).toContain('There are no thresholds.');
  });
});
