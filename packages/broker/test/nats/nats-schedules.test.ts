import { createFakeClock } from '@tidings/runtime/testing';
import type { MsgHdrs } from 'nats';
import { expect, test } from 'vitest';
import { eventOf } from '../../src/contract/fixture.ts';
import type { JetStreamApi, StoredMessage } from '../../src/nats/jetstream-api.ts';
import { createNatsSchedules, type NatsSchedulesParts } from '../../src/nats/nats-schedules.ts';
import { encodeSchedule } from '../../src/nats/schedule-message.ts';
import { SCHEDULE_ROOM } from '../../src/schedule-room.ts';

/** What one needs to take schedules, beside its stream and its clock. */
const PUT_PARTS = {
  link: { connected: false, onReconnect() {} },
  inbox: { open: () => ({ close() {} }) },
  askLog: async () => ({ config: { allow_atomic: true } }),
  findStream: async () => ({ config: { allow_msg_schedules: true } }),
  room: SCHEDULE_ROOM,
  patiently: (ask: () => Promise<unknown>) => ask(),
};

test('what the server moves by a clock of its own while its topic is erased is cancelled as well', async () => {
  const clock = createFakeClock();
  const event = { tenant: 't', topic: 'a', event: '', json: true, final: false, exclude: '', store: true, id: 'k' };
  const put = encodeSchedule({ ...event, ttlSec: 0, data: Buffer.from('1') }, clock.now() + 3_600_000);
  const hdrs = Buffer.from(`NATS/1.0\r\nTd-At: ${clock.now() + 3_600_000}\r\nTd-Once: ${put.once}\r\n\r\n`).toString(
    'base64',
  );
  let stored: StoredMessage[] = [{ seq: 1, subject: put.subject, hdrs }];
  const matches = (filter: string, subject: string): boolean =>
    filter.split('.').every((token, place) => ['*', '>', subject.split('.')[place]].includes(token));
  const api = {
    async next(seq: number, filter: string) {
      return stored.find((one) => one.seq >= seq && matches(filter, one.subject));
    },
    async purge(filter: string) {
      // An hour before it is due by the clock of this process.
      stored = stored.map((one) => ({ ...one, seq: one.seq + 1, subject: one.subject.replace(/^sch/, 'due') }));
      stored = stored.filter(({ subject }) => !matches(filter, subject));
    },
  };
  const used: string[] = [];
  const writer = {
    async publishOnce(once: string) {
      used.push(once);
      return undefined;
    },
  };
  const schedules = createNatsSchedules({
    link: { onReconnect() {} },
    inbox: { open() {} },
    api: api as unknown as JetStreamApi,
    writer,
    clock,
    room: SCHEDULE_ROOM,
    patiently: (ask: () => Promise<void>) => ask(),
  } as unknown as NatsSchedulesParts);
  await schedules.erase({ tenant: 't', patterns: ['a'] });
  expect(used).toEqual([put.once]);
  expect(stored).toEqual([]);
});

test('servers of a cluster know a repeated one by its id: the answer has the time of the first all the same', async () => {
  const clock = createFakeClock();
  const event = { tenant: 't', topic: 'a', event: '', json: true, final: false, exclude: '', store: true, id: 'k' };
  const dueMs = clock.now() + 3_600_000;
  let stored: StoredMessage | undefined;
  const schedules = createNatsSchedules({
    ...PUT_PARTS,
    api: { info: async () => ({ state: { bytes: 0 } }), next: async () => stored },
    publisher: {
      async store(subject: string, headers: MsgHdrs) {
        if (stored !== undefined) return { seq: 1, duplicate: true };
        const lines = [...headers].map(([name, values]) => `${name}: ${values[0]}`);
        stored = {
          seq: 1,
          subject,
          hdrs: Buffer.from(`NATS/1.0\r\n${lines.join('\r\n')}\r\n\r\n`).toString('base64'),
        };
        return { seq: 1, duplicate: false };
      },
    },
    clock,
  } as unknown as NatsSchedulesParts);
  const given = { ...event, ttlSec: 0, data: Buffer.from('1') };
  const first = await schedules.put(given, dueMs);
  expect(first).toMatchObject({ dueMs, duplicate: false });
  expect(await schedules.put(given, dueMs + 60_000)).toEqual({ ...first, duplicate: true });
});

test('those of a topic are stored in the order in which they were given, whoever is looked for room for first', async () => {
  const answers: (() => void)[] = [];
  const stored: string[] = [];
  const schedules = createNatsSchedules({
    ...PUT_PARTS,
    api: {
      info: () => new Promise((resolve) => answers.push(() => resolve({ state: { bytes: 0 } }))),
    },
    publisher: {
      async store(_subject: string, _headers: MsgHdrs, data: Buffer, lane: string) {
        stored.push(`${data} ${lane}`);
        return { seq: stored.length, duplicate: false };
      },
    },
    clock: createFakeClock(),
  } as unknown as NatsSchedulesParts);
  const put = (topic: string, text: string) => schedules.put(eventOf(topic, text), 1);
  const puts = [put('a', '1'), put('a', '2'), put('b', '3'), put('a', '4')];
  await expect.poll(() => answers.length).toBe(4);
  const [first, second, third, fourth] = answers;
  for (const answer of [fourth, third, second]) answer?.();
  await puts[2];
  expect(stored).toEqual(['3 ["default","b"]']);
  first?.();
  await Promise.all(puts);
  expect(stored.slice(1)).toEqual(['1 ["default","a"]', '2 ["default","a"]', '4 ["default","a"]']);
});

test('one that could not be taken keeps no other of its topic from being stored', async () => {
  let asked = 0;
  const schedules = createNatsSchedules({
    ...PUT_PARTS,
    api: {
      async info() {
        asked += 1;
        if (asked === 1) throw new Error('away');
        return { state: { bytes: 0 } };
      },
    },
    publisher: { store: async () => ({ seq: 1, duplicate: false }) },
    clock: createFakeClock(),
  } as unknown as NatsSchedulesParts);
  const failed = schedules.put(eventOf('a', '1'), 1);
  const next = schedules.put(eventOf('a', '2'), 1);
  await expect(failed).rejects.toThrow('away');
  expect((await next).duplicate).toBe(false);
});
