import type { Message } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import type { DirectGet, DirectMessage } from '../../src/nats/direct-get.ts';
import type { JetStreamApi, StoredMessage } from '../../src/nats/jetstream-api.ts';
import { createLogReader, type LogReader } from '../../src/nats/log-reader.ts';
import { createErasures } from '../../src/nats/purge.ts';
import type { HistoryPage } from '../../src/port.ts';
import { answer, leaderStandIn, metrics, replicaOf, silence, stored, streamInfo } from './stand-ins.ts';

function leaderNext(messages: readonly DirectMessage[], from: number, filter: string): StoredMessage | undefined {
  const found = messages.find(({ seq, subject }) => seq >= from && (filter.endsWith('>') || subject === filter));
  return found && { seq: found.seq, subject: found.subject };
}

const signal = (): AbortSignal => AbortSignal.timeout(15_000);

function readerOf(
  directGet: DirectGet,
  messages: readonly DirectMessage[],
  last: number,
  clock = createFakeClock(),
): LogReader {
  const api: JetStreamApi = leaderStandIn({
    info: async () => streamInfo(messages[0]?.seq ?? 1, last),
    next: async (seq, filter) => leaderNext(messages, seq, filter),
  });
  const newest = messages.at(-1);
  return createLogReader({
    directGet,
    api,
    watch: { epoch: 'epoch1', silentMs: 0, tailLost: false, ask: () => api.info(), noteTailLost() {}, close() {} },
    clock,
    metrics,
    erasures: createErasures(clock),
    isClosed: () => false,
    newest: () => ({ timeMs: Date.UTC(2026, 0, 1) + (newest?.seq ?? 0) * 1_000, subject: newest?.subject ?? '' }),
  });
}

async function textsOf(pages: AsyncIterable<HistoryPage>): Promise<string[]> {
  const messages: Message[] = [];
  for await (const page of pages) messages.push(...page.messages);
  return messages.map(({ data }) => Buffer.from(data).toString());
}

describe('the newest of each topic', () => {
  // Each topic has a newer event beyond the range, so each needs a look of its own.
  const topics = Array.from({ length: 32 }, (_, index) => `t${index}`);
  const messages = [
    ...topics.map((topic, index) => stored(index + 1, topic)),
    ...topics.map((topic, index) => stored(index + 33, topic)),
  ];
  const wanted = topics.map((_, index) => `${index + 1}`);
  const selection = { tenant: 'default', patterns: topics };

  test('is complete when one round of answers does not come, however many topics were asked for at once', async () => {
    const replica = replicaOf(messages);
    let lost = 0;
    const directGet: DirectGet = async (query) => {
      if (query.next_by_subj === undefined || lost === 32) return replica(query);
      lost += 1;
      return silence;
    };
    const reader = readerOf(directGet, messages, 64);
    expect(await textsOf(reader.latest(selection, { after: 0, upTo: 32 }, signal()))).toEqual(wanted);
  });

  test('is complete after the connection was away for longer than a few tries: silence does not say that it was erased', async () => {
    const replica = replicaOf(messages);
    let awayFromMs = 0;
    const directGet: DirectGet = async (query) => {
      if (query.next_by_subj === undefined) return replica(query);
      awayFromMs ||= performance.now();
      return performance.now() - awayFromMs < 4_000 ? silence : replica(query);
    };
    const reader = readerOf(directGet, messages, 64);
    const one = { tenant: 'default', patterns: ['t0'] };
    expect(await textsOf(reader.latest(one, { after: 0, upTo: 32 }, signal()))).toEqual(['1']);
  });

  test('falls back to an older event where the newest has passed its ttl', async () => {
    const clock = createFakeClock(Date.UTC(2026, 0, 1) + 100_000);
    const both = [stored(1, 'a', 'kept'), stored(2, 'a', 'expired', 'Nats-TTL: 10s\r\n'), stored(3, 'b')];
    const reader = readerOf(replicaOf(both), both, 3, clock);
    const a = { tenant: 'default', patterns: ['a'] };
    expect(await textsOf(reader.latest(a, { after: 0, upTo: 3 }, signal()))).toEqual(['kept']);
  });
});

describe('history', () => {
  test('ends at once where everything after the cursor has expired and older events remain', async () => {
    const messages = [stored(1, 'a'), stored(10, 'a')];
    const reader = readerOf(replicaOf(messages, 12), messages, 12);
    const c = { tenant: 'default', patterns: ['c'] };
    const started = performance.now();
    expect(await textsOf(reader.history(c, { after: 10, upTo: 12 }, AbortSignal.timeout(8_000)))).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('does not believe a leader that is behind that the log is empty', async () => {
    const messages = [stored(5, 'a', 'five')];
    let asks = 0;
    const replica = replicaOf(messages);
    const api = leaderStandIn({
      info: async () => {
        asks += 1;
        return asks < 3 ? streamInfo(1, 0) : streamInfo(5, 5);
      },
      next: async (seq, filter) => leaderNext(messages, seq, filter),
    });
    const clock = createFakeClock();
    const reader = createLogReader({
      // A replica that is behind, until the leader is the new one.
      directGet: async (query) => (asks < 3 ? answer([]) : replica(query)),
      api,
      watch: { epoch: 'epoch1', silentMs: 0, tailLost: false, ask: () => api.info(), noteTailLost() {}, close() {} },
      clock,
      metrics,
      erasures: createErasures(clock),
      isClosed: () => false,
      newest: () => ({ timeMs: 1, subject: 'evt.0.default.a' }),
    });
    const a = { tenant: 'default', patterns: ['a'] };
    expect(await textsOf(reader.history(a, { after: 0, upTo: 5 }, signal()))).toEqual(['five']);
  });

  test('has the older events of a topic whose newest expired between two pages of the news', async () => {
    const before = [stored(3, 'b', 'three'), stored(10, 'a', 'ten'), stored(200, 'b', 'short')];
    const after = before.slice(0, 2);
    let looks = 0;
    const directGet: DirectGet = async (query) => {
      if (query.multi_last === undefined) return replicaOf(after, 200)(query);
      looks += 1;
      const reply = await replicaOf(looks === 1 ? before : after, 200)(query);
      // As if the first message had filled the page.
      return { ...reply, messages: reply.messages.slice(0, 1), pending: Math.max(0, reply.messages.length - 1) };
    };
    const reader = readerOf(directGet, after, 200);
    const both = { tenant: 'default', patterns: ['a', 'b'] };
    expect(await textsOf(reader.history(both, { after: 0, upTo: 200 }, signal()))).toEqual(['three', 'ten']);
  });

  test('passes over an event whose headers nobody could have encoded', async () => {
    const messages = [stored(1, 'a', 'good'), stored(2, 'a', 'bad', 'Td-Event: %zz\r\n'), stored(3, 'a', 'good too')];
    const reader = readerOf(replicaOf(messages), messages, 3);
    const texts = await textsOf(
      reader.history({ tenant: 'default', patterns: ['a'] }, { after: 0, upTo: 3 }, signal()),
    );
    expect(texts.filter((text) => text !== 'bad')).toEqual(['good', 'good too']);
  });

  test('holds about a megabyte while its reader waits, however large the events and however many the topics', async () => {
    const MEGABYTE = 1_000_000;
    const topics = Array.from({ length: 60 }, (_, index) => `t${index}`);
    const messages = [...topics.map((topic, index) => stored(index + 1, topic)), stored(10_000, 'other')];
    let given = 0;
    const small = replicaOf(messages);
    const directGet: DirectGet = async (query) => {
      const reply = await small({ ...query, ...(query.multi_last === undefined && { batch: 1 }) });
      if (query.multi_last !== undefined) return reply;
      given += reply.messages.length * MEGABYTE;
      return { ...reply, messages: reply.messages.map((message) => ({ ...message, data: Buffer.alloc(MEGABYTE) })) };
    };
    const reader = readerOf(directGet, messages, 10_000);
    const pages = reader.history({ tenant: 'default', patterns: topics }, { after: 0, upTo: 60 * 64 }, signal());
    const first = await pages.next();
    const yielded = first.done ? 0 : first.value.messages.length * MEGABYTE;
    await pages.return(undefined);
    expect((given - yielded) / MEGABYTE).toBeLessThan(9);
  });
});

describe('the place where a replay since a time begins', () => {
  test('is found though a replica that is behind says several times that nothing is so late', async () => {
    const messages = [stored(1, 'a'), stored(2, 'a'), stored(3, 'a')];
    const replica = replicaOf(messages);
    let denials = 0;
    const directGet: DirectGet = async (query) => {
      if (query.start_time === undefined) return replica(query);
      denials += 1;
      return denials <= 6 ? answer([]) : replica({ seq: 2, batch: 1 });
    };
    const reader = readerOf(directGet, messages, 3);
    const sinceMs = Date.UTC(2026, 0, 1) + 2_000;
    const start = await reader.startOf({ tenant: 'default', patterns: ['a'] }, { sinceMs }, 3, signal());
    expect(start).toBe(1);
  });
});
