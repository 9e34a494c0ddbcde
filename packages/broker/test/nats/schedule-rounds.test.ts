import { createLogger, createMetrics, systemClock } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { eventOf } from '../../src/contract/fixture.ts';
import { type JetStreamApi, JetStreamError, type StoredMessage } from '../../src/nats/jetstream-api.ts';
import type { Link } from '../../src/nats/link.ts';
import { createOnceWriter } from '../../src/nats/once-writer.ts';
import { createScheduleRounds } from '../../src/nats/schedule-rounds.ts';
import type { PublishInput } from '../../src/port.ts';

const stored = (topic: string, seq: number, dueMs = 1): StoredMessage => ({
  seq,
  subject: `due.default.id${seq}.${topic}`,
  hdrs: Buffer.from(`NATS/1.0\r\nTd-At: ${dueMs}\r\nTd-Once: once${seq}\r\n\r\n`).toString('base64'),
});

test('what the log refuses holds up what is behind it on its own topic, and nothing else', async () => {
  const refused = Array.from({ length: 100 }, (_, n) => stored(`p.${n}`, n + 1));
  const behind = [stored('p.0', 101), stored('q.1', 102), stored('q.2', 103)];
  let due = [...refused, ...behind];
  const api = {
    info: async () => ({ state: { messages: due.length } }),
    next: async (seq: number) => due.find((one) => one.seq >= seq),
    async purge(subject: string) {
      due = due.filter((one) => one.subject !== subject);
    },
  };
  const published: string[] = [];
  const said: string[] = [];
  const rounds = createScheduleRounds({
    link: { connected: true, client: { subscribe() {} }, onReconnect() {} } as unknown as Link,
    api: api as unknown as JetStreamApi,
    writer: {
      async publishOnce(once: string, event: PublishInput | undefined) {
        if (event?.topic.startsWith('p.') && once !== 'once101') throw new JetStreamError(400, 10054, 'too large');
        published.push(event?.topic ?? '');
        return { epoch: 'e', seq: 1, duplicate: false };
      },
      publish: () => Promise.reject(new Error('all of them are stored')),
    },
    clock: systemClock,
    log: createLogger('test', 'warn', { write: (line: string) => void said.push(line) }),
    metrics: createMetrics(),
  });
  onTestFinished(() => rounds.close(1_000));
  rounds.start();
  await expect.poll(() => said.length).toBe(1);
  expect(published).toEqual(['q.1', 'q.2']);
  expect(due).toEqual([...refused, behind[0]]);
  expect(JSON.parse(said[0] ?? '').err.message).toContain('of: 100, the first is ["default","p.0"]');
});

test('what fell due while nobody looked is published in the order of the times, and not in which it was taken', async () => {
  let due = Array.from({ length: 200 }, (_, n) => stored('a', n + 1, 1_000 - 7 * (n % 50) - n));
  const byTime = [...due].sort((one, other) => timeOf(one) - timeOf(other)).map(({ seq }) => `once${seq}`);
  const published: string[] = [];
  const rounds = createScheduleRounds({
    link: { connected: true, client: { subscribe() {} }, onReconnect() {} } as unknown as Link,
    api: {
      info: async () => ({ state: { messages: due.length } }),
      next: async (seq: number, filter: string) =>
        due.find((one) => one.seq >= seq && (filter === 'due.>' || one.subject === filter)),
      async purge(subject: string) {
        due = due.filter((one) => one.subject !== subject);
      },
    } as unknown as JetStreamApi,
    writer: {
      async publishOnce(once: string) {
        published.push(once);
        return { epoch: 'e', seq: 1, duplicate: false };
      },
      publish: () => Promise.reject(new Error('all of them are stored')),
    },
    clock: systemClock,
    log: createLogger('test', 'silent'),
    metrics: createMetrics(),
  });
  onTestFinished(() => rounds.close(1_000));
  rounds.start();
  await expect.poll(() => due.length).toBe(0);
  expect(published).toEqual(byTime);
});

const timeOf = ({ hdrs = '' }: StoredMessage): number =>
  Number(/Td-At: (\d+)/.exec(Buffer.from(hdrs, 'base64').toString())?.[1]);

test('a key that the log refuses is told from a log that is away', async () => {
  let error = { code: 400, err_code: 10054, description: 'message size exceeds maximum allowed' };
  let fault: Error | undefined;
  const client = {
    publish() {
      if (fault !== undefined) throw fault;
    },
    request: async () => ({ json: () => ({ error }) }),
  };
  const writer = createOnceWriter({ connected: true, client } as unknown as Link, createMetrics());
  await expect(writer.use('k', eventOf('a', 'x'))).rejects.toThrow(JetStreamError);
  fault = Object.assign(new Error('too large for this server'), { code: 'MAX_PAYLOAD_EXCEEDED' });
  await expect(writer.use('k', eventOf('a', 'x'))).rejects.toThrow(JetStreamError);
  fault = new Error('closed');
  await expect(writer.use('k', eventOf('a', 'x'))).rejects.toMatchObject({ code: 'unavailable' });
  error = { code: 503, err_code: 10077, description: 'no quorum' };
  await expect(writer.use('k')).rejects.toMatchObject({ code: 'unavailable' });
});
