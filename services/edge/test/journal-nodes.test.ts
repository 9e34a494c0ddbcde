import { createMemoryBus, createMemoryCluster } from '@tidings/broker/memory';
import type { JournalPart } from '@tidings/control';
import { createFakeClock } from '@tidings/runtime/testing';
import { expect, test, vi } from 'vitest';
import type { Journal } from '../src/journal.ts';
import { answerForJournal, EXPLAIN } from '../src/journal-nodes.ts';

const EMPTY = { find: () => ({ forgottenMs: 0, records: [] }), forgetOld() {} } as unknown as Journal;
const MAX_AGE_MS = 60_000;

function startNodes() {
  const clock = createFakeClock();
  const bus = createMemoryBus();
  const start = async (journal: Journal | null = EMPTY) => {
    const cluster = createMemoryCluster({ bus, clock });
    const notices = answerForJournal({ cluster, journal: journal ?? undefined, clock, maxAgeMs: MAX_AGE_MS });
    await cluster.open();
    notices.begin();
    await new Promise((resolve) => setImmediate(resolve));
    const end = async () => {
      notices.end();
      await cluster.close();
    };
    const ask = async () =>
      ((await cluster.askAll(EXPLAIN, { tenant: 't', user: 'u' })) as JournalPart[]).find(
        ({ node }) => node === cluster.id,
      ) as JournalPart;
    return { id: cluster.id, ask, end };
  };
  return { clock, start };
}

test('whoever comes hears at once of those that are there already', async () => {
  const { clock, start } = startNodes();
  const first = await start();
  clock.advance(5_000);
  const second = await start();
  clock.advance(100);
  await new Promise((resolve) => setImmediate(resolve));
  expect((await second.ask()).heard.map(({ node }) => node).sort()).toEqual([first.id, second.id].sort());
  await first.end();
  await second.end();
});

test('a node that keeps no journal is missed as well', async () => {
  const { start } = startNodes();
  const first = await start();
  const second = await start(null);
  expect((await first.ask()).heard.map(({ node }) => node)).toContain(second.id);
  await first.end();
  await second.end();
});

test('once a node is forgotten by its age, nothing is witnessed of its time', async () => {
  const { clock, start } = startNodes();
  const first = await start();
  const second = await start();
  clock.advance(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  const heardMs = clock.now();
  await second.end();
  for (let each = 0; each < 8; each += 1) {
    clock.advance(10_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const part = await first.ask();
  expect(part.heard.map(({ node }) => node)).toEqual([first.id]);
  // It may have served for 30 s more.
  expect(part.hearsSinceMs).toBeGreaterThan(heardMs + 30_000);
  await first.end();
});

test('what is too old goes, though nothing happens', async () => {
  const { clock, start } = startNodes();
  const forgetOld = vi.fn();
  const first = await start({ ...EMPTY, forgetOld });
  forgetOld.mockClear();
  clock.advance(10_000);
  expect(forgetOld).toHaveBeenCalledOnce();
  await first.end();
});
