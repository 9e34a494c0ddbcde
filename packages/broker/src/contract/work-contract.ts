import assert from 'node:assert/strict';
import type { Lane, Task, WorkQueue, WorkStore } from '../work-port.ts';

/** What an adapter of the `WorkStore` port brings to be judged. The suite knows no test runner and no adapter. */
export interface WorkHarness {
  test(title: string, run: () => Promise<void>): void;
  /** An open store with nothing in it. */
  open(): Promise<{ readonly store: WorkStore; elapse(ms: number): Promise<void> }>;
}

/** Every promise of the `WorkStore` port, as cases that each adapter must pass. */
export function workContract({ test, open }: WorkHarness): void {
  test('work is given out once it is put, and no more once it is done', async () => {
    const { queue } = (await open()).store;
    await queue.put('job:crm', 'a', '{"a":1}');
    const [task] = await queue.take('job:crm', 10);
    assert.deepEqual([task?.body, task?.attempt], ['{"a":1}', 1]);
    assert.equal(await queue.waiting('job:crm'), 1);
    await task?.ack();
    assert.equal(await queue.waiting('job:crm'), 0);
  });

  test('what has an id that was put before is stored once', async () => {
    const { queue } = (await open()).store;
    for (const body of ['1', '2']) await queue.put('job:crm', 'same', body);
    assert.deepEqual(bodies(await queue.take('job:crm', 10)), ['1']);
    assert.equal(await queue.waiting('job:crm'), 1);
  });

  test('what is given back is given out again after its delay, and says how often it was', async () => {
    const { store, elapse } = await open();
    await store.queue.put('job:crm', 'a', '1');
    const [first] = await store.queue.take('job:crm', 1);
    await first?.retry(300);
    assert.equal(await store.queue.waiting('job:crm'), 1);
    await elapse(350);
    const [second] = await store.queue.take('job:crm', 1);
    assert.deepEqual([second?.body, second?.attempt], ['1', 2]);
    assert.ok((second?.ageMs ?? 0) >= 290);
  });

  test('one lane does not wait for another', async () => {
    const { queue } = (await open()).store;
    await queue.put('job:crm', 'a', '1');
    await queue.put('job:mail', 'a', '2');
    await queue.take('job:crm', 1);
    assert.deepEqual(bodies(await queue.take('job:mail', 1)), ['2']);
  });

  test('facts are given out one at a time and in their order, also when one comes back', async () => {
    const { store, elapse } = await open();
    const { queue } = store;
    for (const body of ['1', '2']) await queue.put('fact', body, body);
    const taken = await queue.take('fact', 10);
    assert.deepEqual(bodies(taken), ['1']);
    const [first] = taken;
    await first?.retry(50);
    await elapse(60);
    assert.deepEqual(await drain(queue, 'fact'), ['1', '2']);
  });

  test('records are put, found, listed by their first tokens and removed', async () => {
    const { ledger, dead } = (await open()).store;
    await ledger.put('s.node1.a', '1');
    await ledger.put('s.node1.a', '2');
    await ledger.put('s.node1.b', '3');
    await ledger.put('s.node10.c', '4');
    assert.equal((await ledger.get('s.node1.a'))?.value, '2');
    const keys = async (most: number): Promise<string[]> => (await ledger.list('s.node1', most)).map(({ key }) => key);
    assert.deepEqual((await keys(9)).sort(), ['s.node1.a', 's.node1.b']);
    assert.equal((await keys(1)).length, 1);
    await ledger.remove('s.node1.a');
    await ledger.remove('s.node1.a');
    assert.equal(await ledger.get('s.node1.a'), undefined);
    assert.deepEqual(await keys(9), ['s.node1.b']);
    assert.deepEqual(await dead.list('s', 9), []);
  });

  test('a record that was put anew since it was read is not removed', async () => {
    const { dead } = (await open()).store;
    await dead.put('crm.t.a', '1');
    const [listed] = await dead.list('crm.t', 9);
    assert.equal((await dead.get('crm.t.a'))?.revision, listed?.revision);
    await dead.put('crm.t.a', '2');
    await dead.remove('crm.t.a', listed?.revision);
    const stands = await dead.get('crm.t.a');
    assert.equal(stands?.value, '2');
    await dead.remove('crm.t.a', stands?.revision);
    assert.equal(await dead.get('crm.t.a'), undefined);
  });
}

const bodies = (tasks: readonly Task[]): string[] => tasks.map(({ body }) => body);

/** Takes and settles until nothing comes. */
async function drain(queue: WorkQueue, lane: Lane): Promise<string[]> {
  const all: string[] = [];
  while ((await queue.waiting(lane)) > 0) {
    for (const task of await queue.take(lane, 10)) {
      all.push(task.body);
      await task.ack();
    }
  }
  return all;
}
