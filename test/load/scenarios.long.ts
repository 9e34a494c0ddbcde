import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import type { LoadResult } from '../../loadtest/src/load/result.ts';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';

// k6 is built once, with an empty cache of Go in some minutes.
const BUILD_TIMEOUT_MS = 900_000;

beforeAll(async () => {
  await findProgram('k6');
}, BUILD_TIMEOUT_MS);

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly result: LoadResult;
  readonly report: string;
}

/** Runs `npm run loadtest` as it is built. */
async function loadtest(words: string): Promise<Run> {
  const out = await mkdtemp(join(tmpdir(), 'tidings-load-'));
  onTestFinished(() => rm(out, { recursive: true, force: true }));
  const args = [join(ROOT, 'loadtest/dist/load/main.js'), ...words.split(' '), '--out', out];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Of a test that takes too long; it takes its servers with it.
  onTestFinished(() => void child.kill());
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  const read = (file: string): Promise<string> =>
    readFile(join(out, file), 'utf8').catch(() => Promise.reject(new Error(output)));
  return { code, output, result: JSON.parse(await read('result.json')), report: await read('report.html') };
}

const countOf = ({ result }: Run, metric: string): number | undefined => result.metrics[metric]?.count;

test('smoke: two edges over both protocols, with streams that are cut', async () => {
  const run = await loadtest('smoke');
  expect(run.code, run.output).toBe(0);
  expect(run.result.thresholds.filter(({ met }) => !met)).toEqual([]);
  // 1,000 events to 10 streams.
  expect(countOf(run, 'sse_events')).toBe(10_000);
  expect(countOf(run, 'sse_reconnects')).toBeGreaterThanOrEqual(100);
  expect(run.result.processes.map(({ name }) => name).sort()).toEqual(
    ['edge-1', 'edge-2', 'ingest', 'k6', 'nats-1', 'nats-2', 'nats-3'].sort(),
  );
  expect(run.report).toContain('All thresholds hold.');
  // Nothing that would let a reader of the report in.
  expect(run.report + JSON.stringify(run.result) + run.output).not.toMatch(/eyJ[\w-]+\./);
});

test('an edge is killed, and one is replaced: nothing is lost or repeated', async () => {
  for (const scenario of ['reconnect-storm --duration 25', 'rolling-restart --duration 45']) {
    const run = await loadtest(`${scenario} --streams 500 --topics 50 --rate 200`);
    expect(run.code, run.output).toBe(0);
    expect([countOf(run, 'sse_gaps'), countOf(run, 'sse_duplicates')]).toEqual([0, 0]);
    expect(countOf(run, 'sse_reconnects')).toBeGreaterThanOrEqual(500);
    expect(run.result.marks.map(({ what }) => what)).toContain('edge-1 is back');
  }
});

test('a threshold that does not hold, and a fault that came too late, are a failure that says so', async () => {
  const slow = await loadtest('fan-out --streams 50 --duration 2 --set P99_MS=0');
  expect(slow.code).toBe(1);
  expect(slow.output).toContain('NOT MET  sse_event_latency{phase:measuring} p(99)<0');
  expect(slow.report).toContain('1 of 8 thresholds do not hold.');
  const short = await loadtest('rolling-restart --streams 100 --topics 50 --rate 100 --duration 8');
  expect(short.code).toBe(1);
  expect(short.output).toMatch(/FAULT .*choose a longer --duration/);
});
