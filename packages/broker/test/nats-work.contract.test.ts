import { setTimeout as pause } from 'node:timers/promises';
import { workContract } from '@tidings/broker/contract';
import { WORK_PLANS } from '@tidings/broker/nats';
import { type Clock, systemClock } from '@tidings/runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readDelivery } from '../src/nats/task-reader.ts';
import { NoRoomError, type WorkStore } from '../src/work-port.ts';
import { createNatsFixture, type NatsFixture } from './nats-fixture.ts';

let fixture: NatsFixture;
const PUBLISH = { tenant: 'acme', event: '', json: true, final: false, exclude: 'S1', store: true, id: '', ttlSec: 0 };

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());

async function openWork(clock?: Clock): Promise<WorkStore> {
  const store = fixture.createWork('webhooks', clock);
  await store.queue.open();
  onTestFinished(() => store.queue.close());
  return store;
}

describe('work on NATS keeps the contract of the port', () => {
  workContract({
    test,
    async open() {
      for (const { name } of WORK_PLANS) await fixture.api(`STREAM.DELETE.${name}`);
      return { store: await openWork(), elapse: (ms) => pause(ms) };
    },
  });

  test('an event on a personal topic is work, with its place and without its payload, and no other event is', async () => {
    const broker = fixture.create('hub');
    await broker.open();
    onTestFinished(() => broker.close());
    const { queue } = await openWork();
    await queue.take('personal', 1);
    const data = Buffer.from('"secret"');
    const topics = ['user.a%2Eb', 'orders.1', 'user.a.mail'];
    const [personal] = await Promise.all(topics.map((topic) => broker.publish({ ...PUBLISH, topic, data })));
    const tasks = await queue.take('personal', 10);
    expect(tasks.map(({ body }) => JSON.parse(body))).toEqual([
      { tenant: 'acme', topic: 'user.a%2Eb', seq: personal?.seq, exclude: 'S1', timeMs: expect.any(Number) },
    ]);
    expect(tasks[0]?.ageMs).toBeLessThan(10_000);
  });

  test('a lane that is full, and a record that is too large, have no room, and others have', async () => {
    for (const { name } of WORK_PLANS) await fixture.api(`STREAM.DELETE.${name}`);
    const { queue, ledger } = await openWork();
    const { config } = (await fixture.api('STREAM.INFO.HOOKS')) as { config: object };
    await fixture.api('STREAM.UPDATE.HOOKS', { ...config, max_msgs_per_subject: 2 });
    for (const id of ['a', 'b']) await queue.put('job:crm', id, '1');
    await expect(queue.put('job:crm', 'c', '1')).rejects.toThrow(NoRoomError);
    await queue.put('job:mail', 'c', '1');
    await expect(ledger.put('s.node.a', 'x'.repeat(1_060_000))).rejects.toThrow(NoRoomError);
  });

  test('work is as old as the clock of the servers says, whatever ours is set to', async () => {
    let offsetMs = 25 * 3_600_000;
    const { queue } = await openWork({ ...systemClock, now: () => Date.now() + offsetMs });
    const ages: number[] = [];
    for (const id of ['ahead', 'behind']) {
      await queue.put('job:aged', id, '1');
      await pause(50);
      const [task] = await queue.take('job:aged', 1);
      ages.push(task?.ageMs ?? -1);
      offsetMs = -offsetMs;
    }
    for (const age of ages) {
      expect(age).toBeGreaterThan(20);
      expect(age).toBeLessThan(10_000);
    }
  });
});

test('the subject of an acknowledgement is read with and without a domain', () => {
  const rest = '3.17.9.1764370000000000000.0';
  const read = { attempt: 3, seq: 17, timeMs: 1764370000000 };
  expect(readDelivery(`$JS.ACK.HOOKS.fact.${rest}`)).toEqual(read);
  expect(readDelivery(`$JS.ACK.eu.hash.HOOKS.fact.${rest}.token`)).toEqual(read);
});
