import { NoRoomError, type WorkStore } from '@tidings/broker';
import { createMemoryWork } from '@tidings/broker/memory';
import { createLogger } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { parseWebhooksFile } from '@tidings/webhooks';
import { expect, test } from 'vitest';
import type { HookEvent } from '../src/hook-event.ts';
import { createLedgerKeeper } from '../src/ledger-keeper.ts';

const PLAN = parseWebhooksFile(
  JSON.stringify({
    endpoints: [{ name: 'a', url: 'https://a.example', secret: { env: 'A' }, events: ['session.*'] }],
  }),
);
const NODE = 'edgeedge';
const log = createLogger('test', 'silent');

async function setUp() {
  const clock = createFakeClock();
  const store = createMemoryWork({ clock });
  await store.queue.open();
  const edge = { lives: true };
  const cluster = { inTouch: true, ask: async () => (edge.lives ? true : undefined) };
  const told: HookEvent[] = [];
  const create = (own: WorkStore = store) =>
    createLedgerKeeper({
      store: own,
      cluster,
      plan: PLAN,
      clock,
      log,
      tell: async (event) => void told.push(event),
      onDropped() {},
    });
  let batches = 0;
  const report = async (kind: string, timeMs: number): Promise<void> => {
    batches += 1;
    const fact = { kind, session: 's1', timeMs, tenant: 'acme', topics: [], reason: 'gone' };
    await store.queue.put(
      'fact',
      `${batches}`,
      JSON.stringify({ id: `${NODE}-${batches}`, node: NODE, facts: [fact] }),
    );
  };
  const miss = async (keeper: ReturnType<typeof create>): Promise<void> => {
    for (let sec = 0; sec <= 20; sec += 5) {
      await keeper.sweep();
      clock.advance(5_000);
    }
  };
  const kinds = (): string[] => told.map(({ type }) => type);
  return { clock, store, edge, told, kinds, create, report, miss };
}

test('an edge that is lost, comes back and is lost again has its sessions closed under another id', async () => {
  const { clock, edge, told, kinds, create, report, miss } = await setUp();
  const keeper = create();
  for (let time = 1; time <= 2; time += 1) {
    edge.lives = true;
    await report('opened', time);
    await keeper.work();
    edge.lives = false;
    await miss(keeper);
    await keeper.work();
    clock.advance(300_000);
  }
  expect(kinds()).toEqual(['session.opened', 'session.closed', 'session.opened', 'session.closed']);
  expect(new Set(told.map(({ id }) => id)).size).toBe(4);
});

test('an edge that comes back while it is being given up keeps its sessions', async () => {
  const { edge, store, kinds, create, report, miss } = await setUp();
  const keeper = create();
  await report('opened', 1);
  await keeper.work();
  edge.lives = false;
  await miss(keeper);
  expect(await store.queue.waiting('fact')).toBe(1);
  // It says so before the closing is worked out, and its word may stand before that of its end.
  edge.lives = true;
  await keeper.work();
  expect(kinds()).toEqual(['session.opened']);
});

test('a dispatcher that stood still while another went on takes nothing back in the ledger', async () => {
  const { clock, store, kinds, create, report } = await setUp();
  let wake = (): void => {};
  const stands = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const slow = {
    ...store,
    ledger: {
      ...store.ledger,
      async get(key: string) {
        const found = await store.ledger.get(key);
        await stands;
        return found;
      },
    },
  };
  await report('opened', 1);
  const late = create(slow).work();
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(61_000);
  await report('closed', 2);
  const other = create();
  await other.work();
  await other.work();
  expect(kinds()).toEqual(['session.opened', 'session.closed']);
  wake();
  await late.catch(() => {});
  expect(await store.ledger.list(`s.${NODE}`, 9)).toEqual([]);
});

test('an edge whose stream opens while its name is forgotten is looked after all the same', async () => {
  const { store, edge, create, report, miss } = await setUp();
  await store.ledger.put(`n.${NODE}`, '1');
  const worker = create();
  const racing = {
    ...store,
    ledger: {
      ...store.ledger,
      async list(under: string, most: number) {
        const found = await store.ledger.list(under, most);
        if (under.startsWith('s.') && found.length === 0 && (await store.queue.waiting('fact')) === 0) {
          await report('opened', 1);
          await worker.work();
        }
        return found;
      },
    },
  };
  edge.lives = false;
  await miss(create(racing));
  expect((await store.ledger.list('n', 9)).map(({ key }) => key)).toEqual([`n.${NODE}`]);
});

test('a ledger without room holds up nothing: what comes later is told', async () => {
  const { store, kinds, create, report } = await setUp();
  const put = async (): Promise<void> => {
    throw new NoRoomError('full');
  };
  const keeper = create({ ...store, ledger: { ...store.ledger, put } });
  await store.ledger.put(`s.${NODE}.s1`, '{"tenant":"acme","topics":[],"sinceMs":1}');
  const facts = [{ kind: 'opened', session: 's2', timeMs: 1, tenant: 'acme', topics: [] }];
  await store.queue.put('fact', '0', JSON.stringify({ id: '0', node: NODE, facts }));
  await report('closed', 2);
  await keeper.work();
  await keeper.work();
  expect(kinds()).toEqual(['session.opened', 'session.closed']);
});
