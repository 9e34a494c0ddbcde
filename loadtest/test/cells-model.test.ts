import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../test/hub-process.ts';
import { type Demand, type FeedKind, toCellLoad } from '../src/cells/installation.ts';
import { toCellSection } from '../src/cells/table.ts';
import { CHOSEN, INDEX_ENTRY, MEASURED, SERVER_COST } from '../src/cells/unit-cost.ts';
import { toLoad, USUAL_EVENT } from '../src/feed/deployment.ts';

const DEMAND: Demand = { subscribers: 1_000_000, eventsPerSec: 10_000, broadcastShare: 0, shape: USUAL_EVENT };
const demand = fc.record({
  subscribers: fc.integer({ min: 10_000, max: 20_000_000 }),
  eventsPerSec: fc.integer({ min: 1, max: 30_000 }),
  broadcastShare: fc.constantFrom(0, 0.0001, 0.001),
  shape: fc.constant(USUAL_EVENT),
});
const cells = fc.integer({ min: 1, max: 32 });
const feed = fc.constantFrom<FeedKind>('whole', 'interest');

describe('what a cell has to be', () => {
  test('with one cell and the whole feed is what the model of one deployment says', () => {
    const load = toCellLoad(DEMAND, 1, 'whole');
    const { edges, ingests } = load;
    const one = toLoad(
      { streams: 1_000_000, edges, ingests, servers: 3, eventsPerSec: 10_000, shape: USUAL_EVENT },
      SERVER_COST,
      1 / 8,
    );
    expect(load.sentBits).toBeCloseTo(one.allBits, 0);
    expect(load.toEachEdgeBits).toBeCloseTo(one.toEachEdgeBits, 3);
    expect(load.serverCores).toBeCloseTo(one.cores, 6);
    expect(edges).toBe(30);
    const own = MEASURED.ownDeliverySec.value + edges * MEASURED.receivedEventSec.value;
    expect(load.edgeCores).toBeCloseTo(10_000 * own, 6);
  });

  test('takes its part of the own-topic events, and every broadcast', () => {
    const load = toCellLoad({ ...DEMAND, broadcastShare: 0.01 }, 4, 'whole');
    expect(load.eventsPerSec).toBeCloseTo(9_900 / 4 + 100, 6);
    expect(load.streamShare).toBeCloseTo(load.eventsPerSec / 12_000, 6);
  });

  test('never has an edge with more streams, or more of a core, than is planned for, and one edge less would', () => {
    fc.assert(
      fc.property(demand, cells, feed, (asked, count, kind) => {
        const { edges, edgeCores } = toCellLoad(asked, count, kind);
        fc.pre(Number.isFinite(edges));
        expect(asked.subscribers / count / edges).toBeLessThanOrEqual(CHOSEN.streamsPerEdge.value / 1.5);
        expect(edgeCores / edges).toBeLessThanOrEqual(CHOSEN.edgeShare.value + 1e-9);
        const byStreams = Math.ceil(Math.ceil(asked.subscribers / count / CHOSEN.streamsPerEdge.value) * 1.5);
        if (edges <= Math.max(2, byStreams)) return;
        // What is shared is the same; what each receives is all but the same.
        expect(edgeCores / (edges - 1)).toBeGreaterThan(CHOSEN.edgeShare.value - 0.05);
      }),
    );
  });

  test('is smaller in each of more cells, and sends less where edges take what they want', () => {
    fc.assert(
      fc.property(demand, cells, feed, (asked, count, kind) => {
        const [few, more] = [toCellLoad(asked, count, kind), toCellLoad(asked, count * 2, kind)];
        fc.pre(Number.isFinite(few.edges));
        expect(more.eventsPerSec).toBeLessThanOrEqual(few.eventsPerSec);
        expect(more.edges).toBeLessThanOrEqual(few.edges);
        expect(more.sentBits).toBeLessThanOrEqual(few.sentBits);
        const wanted = toCellLoad(asked, count, 'interest');
        expect(wanted.sentBits).toBeLessThanOrEqual(toCellLoad(asked, count, 'whole').sentBits + 1);
        expect(wanted.edges).toBeLessThanOrEqual(toCellLoad(asked, count, 'whole').edges);
      }),
    );
  });

  test('can not be where receiving alone is more than an edge may do', () => {
    const perSec = CHOSEN.edgeShare.value / MEASURED.receivedEventSec.value;
    expect(toCellLoad({ ...DEMAND, eventsPerSec: perSec + 1 }, 1, 'whole').edges).toBe(Number.POSITIVE_INFINITY);
    expect(toCellLoad({ ...DEMAND, eventsPerSec: perSec + 1 }, 1, 'interest').edges).toBeLessThan(1_000);
    const entries = CHOSEN.edgeShare.value / INDEX_ENTRY.entrySec.value;
    expect(toCellLoad({ ...DEMAND, eventsPerSec: entries + 1 }, 1, 'interest').edges).toBe(Number.POSITIVE_INFINITY);
  });
});

test('the servers cost what the last run of the feed measured, and docs/capacity.md has the table: npm run loadtest:cells', () => {
  const { costs } = JSON.parse(readFileSync(join(ROOT, 'loadtest/results/feed.json'), 'utf8'));
  for (const [name, seconds] of Object.entries(costs.bursts as Record<string, number>)) {
    expect(Math.abs(SERVER_COST[name as keyof typeof SERVER_COST] / seconds - 1), name).toBeLessThan(0.01);
  }
  const document = readFileSync(join(ROOT, 'docs/capacity.md'), 'utf8');
  expect(document).toContain(`<!-- cells -->\n${toCellSection()}\n<!-- /cells -->`);
});
