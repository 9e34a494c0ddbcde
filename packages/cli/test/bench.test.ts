import { Transform } from 'node:stream';
import type { Clock } from '@tidings/runtime';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type BenchResult, runBench } from '../src/bench/bench.ts';
import { createLatencies } from '../src/bench/latency.ts';
import { encodePayload, parsePayload } from '../src/bench/payload.ts';
import { type BenchPlan, excessesOf, parsePlan } from '../src/bench/plan.ts';
import { caveatsOf, exitCodeOf, toText } from '../src/bench/report.ts';
import { createTally } from '../src/bench/tally.ts';
import { runHere } from './command-run.ts';
import { createFastClock, mint, startHubHost, type TestHub } from './deployment-fixture.ts';
import { createProxy } from './proxy.ts';

const host = startHubHost();
let hub: TestHub;
beforeAll(async () => {
  hub = await host.start();
});
afterAll(() => host.stop());

/** A clock by which the second that a stream asks to wait before it comes back is a twentieth of one. */
const CLOCK: Clock = createFastClock(20);
/** 40 events in a fifth of a second. */
const PLAN: BenchPlan = { streams: 12, topics: 4, rate: 10, durationSec: 4, sizeBytes: 200, prefix: 'load' };

const bench = (url: string = hub.url, settleMs = 40_000): Promise<BenchResult> =>
  runBench({
    deployment: { url, ingestUrl: hub.url, token: hub.token, publishToken: hub.token },
    plan: PLAN,
    clock: CLOCK,
    settleMs,
  });

/** What a stream goes through on its way, block by block. */
function perBlock(change: (block: string, through: Transform) => string): Transform {
  let rest = '';
  return new Transform({
    transform(piece: Buffer, _encoding, done) {
      const blocks = (rest + piece.toString()).split('\n\n');
      rest = blocks.pop() ?? '';
      done(null, blocks.map((block) => change(`${block}\n\n`, this)).join(''));
    },
  });
}

async function through(change: (block: string, through: Transform) => string, settleMs?: number): Promise<BenchResult> {
  const proxy = await createProxy(hub.url, { body: () => perBlock(change) });
  onTestFinished(() => proxy.close());
  return bench(proxy.url, settleMs);
}

/** The number of the event that a block of a stream carries. */
const numberIn = (block: string): number => Number(/^data: \w{8} (\d+) /m.exec(block)?.[1] ?? -1);

describe('a bench', () => {
  test('of a hub that keeps its promises counts every delivery, and times it', async () => {
    const result = await bench();
    expect(result.counts).toEqual({ expected: 120, delivered: 120, repeated: 0, disordered: 0, lost: 0 });
    expect(result.published).toMatchObject({ taken: 40, failures: new Map() });
    expect(result.latencies.count).toBe(120);
    expect(result.latencies.maxMs).toBeGreaterThan(0);
    expect(result.returns).toBe(0);
    expect(exitCodeOf(result)).toBe(0);
  });

  test('finds what is lost and what comes twice, and fails', async () => {
    const result = await through((block) => {
      if (numberIn(block) === 10) return '';
      return numberIn(block) === 11 ? block + block : block;
    }, 20_000);
    // Each of them goes to three streams.
    expect(result.counts).toEqual({ expected: 120, delivered: 117, repeated: 3, disordered: 0, lost: 3 });
    expect(exitCodeOf(result)).toBe(1);
  });

  test('lets streams that are cut come back with their cursor, and nothing is lost', async () => {
    let cuts = 0;
    const result = await through((block, cut) => {
      if (numberIn(block) === 20 && cuts++ < 3) cut.destroy(new Error('cut'));
      return block;
    });
    expect(result.returns).toBe(3);
    expect(result.counts).toMatchObject({ delivered: 120, repeated: 0, disordered: 0, lost: 0 });
  });

  test('says why events were not taken, expects none of them, and is no success', async () => {
    const token = await mint({ subscribe: ['>'] });
    const deployment = { url: hub.url, ingestUrl: hub.url, token, publishToken: token };
    const result = await runBench({ deployment, plan: { ...PLAN, durationSec: 1 }, clock: CLOCK, settleMs: 1_000 });
    expect(result.counts).toMatchObject({ expected: 0, lost: 0 });
    expect([...result.published.failures]).toEqual([['403 forbidden', 10]]);
    expect(exitCodeOf(result)).toBe(1);
    expect(toText(result, PLAN)).toMatch(/^not taken {5}10: 403 forbidden$/m);
  });

  test('as a command prints what came as JSON, and its exit code says whether all did', async () => {
    const env = { TIDINGS_URL: hub.url, TIDINGS_TOKEN: hub.token };
    const few = ['--streams', '4', '--topics', '2', '--rate', '40', '--duration', '0.5'];
    const { code, out, err } = await runHere(['bench', '--json', ...few], { env });
    expect(err).toBe(`tidings: this loads ${hub.url} with 4 streams and 40 events a second for 0.5 s.\n`);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      expected: 40,
      delivered: 40,
      lost: 0,
      latencyMs: { p50: expect.any(Number) },
    });
    expect(code).toBe(0);

    const strange = await runHere(['bench', '--token', 'none'], { env });
    expect(strange.err).toMatch(/tidings: a stream was not opened: 401 unauthenticated: .*\n$/);
    expect(strange.code).toBe(1);
    const { code: usage, err: excess } = await runHere(['bench', '--rate', '5000'], { env });
    expect(usage).toBe(64);
    expect(excess).toMatch(/5000 events a second, above 1000; 50000 deliveries a second, above 20000\. Say --yes/);
  });
});

describe('its parts', () => {
  test('a payload says what it is, and has the size that was asked for', () => {
    const event = { run: '0a1b2c3d', number: 12, sentMs: 1234.567 };
    const payload = encodePayload(event, 'x'.repeat(300), 200);
    expect(payload).toHaveLength(200);
    expect(parsePayload('0a1b2c3d', payload)).toEqual({ number: 12, sentMs: 1234.567 });
    expect(parsePayload('ffffffff', payload)).toBeUndefined();
    expect(parsePayload('0a1b2c3d', '0a1b2c3d')).toBeUndefined();
  });

  test('quantiles are those of the sorted times, to 1%', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.02, max: 60_000, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (times, quantile) => {
          const latencies = createLatencies();
          for (const ms of times) latencies.note(ms);
          const exact = times.toSorted((one, other) => one - other)[Math.ceil(quantile * times.length) - 1] ?? 0;
          const found = latencies.quantileMs(quantile);
          expect(found).toBeGreaterThanOrEqual(exact * 0.999);
          expect(found).toBeLessThanOrEqual(exact * 1.011);
          expect(latencies.maxMs).toBe(Math.max(...times));
        },
      ),
    );
  });

  test('the tally tells lost, repeated and disordered apart, for any arrivals', () => {
    const plan = { ...PLAN, streams: 5, topics: 2, rate: 20, durationSec: 1 };
    const arrival = fc.record({ stream: fc.nat(4), number: fc.nat(19) });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 200 }), fc.uniqueArray(fc.nat(19)), (arrivals, taken) => {
        const tally = createTally(plan);
        const ours = arrivals.filter(({ stream, number }) => stream % 2 === number % 2);
        for (const { stream, number } of arrivals) tally.arrived(stream, number, number);
        for (const number of taken) tally.taken(number);
        const came = new Set(ours.map(({ stream, number }) => `${stream} ${number}`));
        const wanted = taken.flatMap((number) =>
          [0, 1, 2, 3, 4].filter((stream) => stream % 2 === number % 2).map((stream) => `${stream} ${number}`),
        );
        const first = [...came].map((each) => each.split(' ').map(Number) as [number, number]);
        const disordered = [0, 1, 2, 3, 4].reduce((sum, stream) => {
          const numbers = first.filter(([of]) => of === stream).map(([, number]) => number);
          return (
            sum + numbers.filter((number, place) => numbers.slice(0, place).some((before) => before > number)).length
          );
        }, 0);
        expect(tally.counts()).toEqual({
          expected: wanted.length,
          delivered: came.size,
          repeated: ours.length - came.size,
          disordered,
          lost: wanted.filter((each) => !came.has(each)).length,
        });
      }),
    );
  });

  test('what is asked for has limits without --yes, and some with it', () => {
    expect(excessesOf(parsePlan({}))).toEqual([]);
    expect(parsePlan({ streams: '3', topics: '9' }).topics).toBe(3);
    expect(excessesOf(parsePlan({ streams: '2000', rate: '10', size: '20000', duration: '61' }))).toEqual([
      '2000 streams, above 1000',
      '40 MB of deliveries a second, above 10',
      '61 seconds, above 60',
    ]);
    expect(() => parsePlan({ streams: '50000', rate: '100000' })).toThrow('more than 200000000 deliveries');
    expect(() => parsePlan({ rate: '0' })).toThrow('--rate is a number');
    expect(() => parsePlan({ topic: 'a..b' })).toThrow('--topic');
  });

  test('a client that was the bottleneck says so, and a deployment that was', () => {
    const times = createLatencies();
    times.note(20);
    const result = (loopBusy: number, loopLateP99Ms: number, tookMs: number): BenchResult => ({
      counts: { expected: 1, delivered: 1, repeated: 0, disordered: 0, lost: 0 },
      published: { taken: 40, failures: new Map(), acknowledged: times, tookMs },
      latencies: times,
      returns: 0,
      client: { cpu: 1, loopBusy, loopLateP99Ms, loopLateMaxMs: loopLateP99Ms },
    });
    expect(caveatsOf(result(0.3, 1, 3_900), PLAN)).toEqual([]);
    expect(caveatsOf(result(0.95, 1, 3_900), PLAN)).toEqual([
      expect.stringContaining('This client was the bottleneck'),
    ]);
    expect(caveatsOf(result(0.3, 12, 3_900), PLAN)).toEqual([expect.stringContaining("this client's own")]);
    expect(caveatsOf(result(0.3, 1, 7_800), PLAN)).toEqual([
      'Only 50% of the rate was reached: events were acknowledged too slowly, with 256 under way.',
    ]);
    expect(caveatsOf(result(0.95, 1, 7_800), PLAN).join()).toContain('this client did not keep up');
  });
});
