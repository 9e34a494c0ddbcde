import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineReader, type Line } from '../src/load/line.ts';
import { createProgress, describeLine } from '../src/load/progress.ts';

const line = (time: number): Line => ({ time, counters: { sse_events: time }, gauges: { phase: 2 }, trends: {} });

test('lines are taken whole, however the text was cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0 }), { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (times, cuts) => {
        const text = times.map((time) => `${JSON.stringify(line(time))}\n`).join('');
        const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
        const taken: Line[] = [];
        const read = createLineReader((each) => taken.push(each));
        for (let at = 1; at < places.length; at += 1) read(text.slice(places[at - 1], places[at]));
        expect(taken).toEqual(times.map(line));
      },
    ),
  );
});

test('what is no line is said, and a line without metrics is one', () => {
  const taken: Line[] = [];
  const read = createLineReader((each) => taken.push(each));
  read('{"time":1}\n\n');
  expect(taken).toEqual([{ time: 1, counters: {}, gauges: {}, trends: {} }]);
  expect(() => read('{"times":1}\n')).toThrow('this is no line of the output "tidings": {"times":1}');
});

test('the progress says where the run is, and what should not be only where it is', () => {
  const latency = { count: 9, p50: 4.21, p95: 8, p99: 11.4, max: 20 };
  const all = {
    time: 5,
    counters: { sse_events: 10211 },
    gauges: { phase: 2, sse_live: 5000 },
    trends: { sse_event_latency: latency },
  };
  expect(describeLine(all)).toBe('measuring  5,000 streams  10,211 events/s  p50 4.2 p99 11 ms');
  expect(describeLine({ ...all, counters: { sse_gaps: 3, sse_duplicates: 0 } })).toContain('3 gaps');
  expect(describeLine({ time: 1, counters: {}, gauges: {}, trends: {} })).toMatch(/^starting/);
});

test('the progress rewrites one line on a terminal, and leaves one every few seconds elsewhere', () => {
  const write = (isTTY: boolean): string => {
    const texts: string[] = [];
    const out = { isTTY, columns: 40, write: (more: string) => texts.push(more) } as unknown as NodeJS.WriteStream;
    const progress = createProgress(out);
    for (let time = 100; time < 107; time += 1) progress.line(line(time));
    progress.mark({ time: 107, what: 'edge-1 is killed' });
    progress.end();
    return texts.join('');
  };
  expect(
    write(false)
      .split('\n')
      .map((each) => each.slice(0, 20)),
  ).toEqual(['   0 s  measuring  0', '   5 s  measuring  0', '   7 s  edge-1 is ki', '']);
  expect(write(true).split('\r\u001b[2K')).toHaveLength(10);
  expect(write(true)).toContain('   7 s  edge-1 is killed\n');
});
