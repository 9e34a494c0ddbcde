import { connect } from 'nats';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventOf } from '../../src/contract/fixture.ts';
import { createDirectGet, type DirectQuery, limited } from '../../src/nats/direct-get.ts';
import { createReplyInbox } from '../../src/nats/reply-inbox.ts';
import { createNatsFixture } from '../nats-fixture.ts';
import { createFakeInbox, createFakeLink, headerBlock, turn } from './fakes.ts';

function createCase() {
  const fakeLink = createFakeLink();
  const fakeInbox = createFakeInbox();
  const directGet = createDirectGet(fakeLink.link, fakeInbox.inbox);
  /** The address of the n-th request that was sent. */
  const address = (at: number): string => fakeLink.sent[at]?.reply ?? 'none';
  const message = (at: number, seq: number, last: number, data = `${seq}`): void =>
    fakeInbox.reply(
      address(at),
      headerBlock('', { 'Nats-Subject': `evt.0.t.${seq}`, 'Nats-Sequence': seq, 'Nats-Last-Sequence': last }),
      data,
    );
  const end = (at: number, last: number, fields: Record<string, number> = {}, status = '204 EOB'): void =>
    fakeInbox.reply(address(at), headerBlock(status, { 'Nats-Last-Sequence': last, ...fields }));
  return { ...fakeLink, fakeInbox, directGet, message, end, address };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a direct read', () => {
  it('asks the replicas of the stream in their own words, and answers with what came, in order', async () => {
    const { directGet, message, end, sent, fakeInbox } = createCase();
    const query: DirectQuery = { seq: 3, batch: 2, next_by_subj: 'evt.0.t.>' };
    const reply = directGet(query);
    expect(sent[0]?.subject).toBe('$JS.API.DIRECT.GET.EVT_0');
    expect(JSON.parse(sent[0]?.text ?? '')).toEqual(query);
    message(0, 4, 0);
    message(0, 9, 4);
    end(0, 9, { 'Nats-Num-Pending': 5, 'Nats-UpTo-Sequence': 77 });
    const { messages, ...rest } = await reply;
    expect(messages.map(({ seq, subject, data }) => [seq, subject, data.toString()])).toEqual([
      [4, 'evt.0.t.4', '4'],
      [9, 'evt.0.t.9', '9'],
    ]);
    expect(rest).toEqual({ status: 204, whole: true, pending: 5, upTo: 77 });
    expect(fakeInbox.open).toBe(0);
  });

  it('believes nothing behind a message that is missing in the middle, until a new read', async () => {
    const { directGet, message, end } = createCase();
    const reply = directGet({ seq: 1 });
    message(0, 1, 0);
    message(0, 3, 2);
    message(0, 4, 3);
    message(0, 5, 1);
    end(0, 5);
    expect(await reply).toMatchObject({ messages: [{ seq: 1 }], whole: false, status: 204 });
  });

  it('believes nothing when the first message is missing', async () => {
    const { directGet, message, end } = createCase();
    const reply = directGet({ seq: 1 });
    message(0, 2, 1);
    end(0, 2);
    expect(await reply).toMatchObject({ messages: [], whole: false });
  });

  it('is not whole when the last message is missing', async () => {
    const { directGet, message, end } = createCase();
    const reply = directGet({ seq: 1 });
    message(0, 1, 0);
    end(0, 2);
    expect(await reply).toMatchObject({ messages: [{ seq: 1 }], whole: false });
  });

  it('is not whole when all messages are missing', async () => {
    const { directGet, end } = createCase();
    const reply = directGet({ seq: 1 });
    end(0, 2);
    expect(await reply).toMatchObject({ messages: [], whole: false });
  });

  it('is not whole when a message is repeated, or comes out of order', async () => {
    const { directGet, message, end } = createCase();
    const repeated = directGet({ seq: 1 });
    message(0, 1, 0);
    message(0, 1, 0);
    end(0, 1);
    expect(await repeated).toMatchObject({ messages: [{ seq: 1 }], whole: false });
    const back = directGet({ seq: 1 });
    message(1, 5, 0);
    message(1, 4, 5);
    end(1, 4);
    expect(await back).toMatchObject({ messages: [{ seq: 5 }], whole: false });
  });

  it('takes no message without a place', async () => {
    const { directGet, fakeInbox, address, end } = createCase();
    const reply = directGet({ seq: 1 });
    fakeInbox.reply(address(0), headerBlock('', { 'Nats-Last-Sequence': 0 }), 'x');
    end(0, 0);
    expect(await reply).toMatchObject({ messages: [], whole: false });
  });

  it('reads the last of several headers of a name: a forged one comes first', async () => {
    const { directGet, fakeInbox, address, end } = createCase();
    const reply = directGet({ seq: 1 });
    const forged = 'Nats-Sequence: 900\r\nNats-Subject: evt.0.other.a\r\nNats-Last-Sequence: 899\r\n';
    const own = 'Nats-Subject: evt.0.t.a\r\nNats-Sequence: 4\r\nNats-Last-Sequence: 0\r\n';
    fakeInbox.reply(address(0), `NATS/1.0\r\n${forged}${own}\r\n`, 'x');
    end(0, 4);
    expect(await reply).toMatchObject({ messages: [{ seq: 4, subject: 'evt.0.t.a' }], whole: true });
  });

  it.each([404, 408, 413, 503])('tells a status %i as it came, and is whole with it', async (status) => {
    const { directGet, end } = createCase();
    const reply = directGet({ seq: 1 });
    end(0, 0, {}, `${status} Some Words`);
    expect(await reply).toEqual({ messages: [], status, whole: true, pending: 0, upTo: 0 });
  });

  it('is not whole when a status comes behind a message that was missing', async () => {
    const { directGet, message, end } = createCase();
    const reply = directGet({ seq: 1 });
    message(0, 2, 1);
    end(0, 0, {}, '408 Timeout');
    expect(await reply).toMatchObject({ messages: [], status: 408, whole: false });
  });

  it('ends after two seconds of silence with what came, and not while messages come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { directGet, message, fakeInbox } = createCase();
    const reply = directGet({ seq: 1 });
    let ended = false;
    void reply.then(() => {
      ended = true;
    });
    vi.advanceTimersByTime(1_900);
    message(0, 1, 0);
    vi.advanceTimersByTime(1_900);
    message(0, 2, 1);
    vi.advanceTimersByTime(1_999);
    await turn();
    expect(ended).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await reply).toMatchObject({ messages: [{ seq: 1 }, { seq: 2 }], status: 0, whole: false });
    expect([fakeInbox.open, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('leaves no timer and no address behind, however it ends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { directGet, end, fakeInbox, disconnect, fail } = createCase();
    const reply = directGet({ seq: 1 });
    end(0, 0);
    await reply;
    fail(new Error('closed'));
    await directGet({ seq: 1 });
    disconnect();
    await directGet({ seq: 1 });
    expect([fakeInbox.open, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('ends at once, and sends nothing, while the connection is away', async () => {
    const { directGet, sent, disconnect } = createCase();
    disconnect();
    expect(await directGet({ seq: 1 })).toEqual({ messages: [], status: 0, whole: false, pending: 0, upTo: 0 });
    expect(sent).toEqual([]);
  });

  it('ends at once where the connection was closed this instant', async () => {
    const { directGet, fail } = createCase();
    fail(new Error('CONNECTION_CLOSED'));
    expect(await directGet({ seq: 1 })).toMatchObject({ messages: [], whole: false });
  });

  it('keeps the payloads of what it answers, whatever becomes of the buffer that they came in', async () => {
    const { directGet, fakeInbox, address, end } = createCase();
    const buffer = Buffer.from('precious');
    const reply = directGet({ seq: 1 });
    const waiting = fakeInbox.inbox;
    expect(waiting).toBeDefined();
    const headers = headerBlock('', { 'Nats-Sequence': 1, 'Nats-Last-Sequence': 0 });
    fakeInbox.reply(address(0), headers, buffer);
    buffer.fill(0);
    end(0, 1);
    expect((await reply).messages[0]?.data.toString()).toBe('precious');
  });

  it('runs with seven others at most where that is asked for, and those that wait are served in their order', async () => {
    const { directGet: unlimited, end, sent } = createCase();
    const directGet = limited(unlimited, 8);
    const order: number[] = [];
    const replies = Array.from({ length: 20 }, async (_, at) => {
      await directGet({ seq: at });
      order.push(at);
    });
    const asked = (): number[] => sent.map(({ text }) => JSON.parse(text).seq);
    await turn();
    expect(asked()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    end(3, 0);
    end(0, 0);
    await turn();
    expect(asked().slice(8)).toEqual([8, 9]);
    for (let at = 0; at < 20; at += 1) {
      end(at, 0);
      await turn();
    }
    await Promise.all(replies);
    expect(asked()).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(order.slice(0, 2)).toEqual([3, 0]);
    // The places that were handed on are free again: eight more go out at once, and the ninth waits.
    void Array.from({ length: 9 }, (_, at) => directGet({ seq: 100 + at }));
    await turn();
    expect(asked().slice(20)).toEqual([100, 101, 102, 103, 104, 105, 106, 107]);
  });

  it('reads a real server: a batch, its end, and what is not there', async () => {
    const fixture = await createNatsFixture();
    onTestFinished(() => fixture.remove());
    const broker = fixture.create('hub');
    await broker.open();
    onTestFinished(() => broker.close());
    for (let at = 1; at <= 5; at += 1) await broker.publish(eventOf(`t${at % 2}`, `${at}`));
    await fixture.api('STREAM.PURGE.EVT_0', { filter: 'evt.0.default.t1', seq: 4 });
    const client = await connect({ servers: fixture.server.url });
    onTestFinished(() => client.close());
    const { link } = createFakeLink();
    const directGet = createDirectGet(
      { ...link, connected: true, closed: false, client },
      createReplyInbox(client, '_INBOX_test', () => {}),
    );
    const first = await directGet({ seq: 1, batch: 2, max_bytes: 1_000_000 });
    expect(first.messages.map(({ seq, data }) => [seq, data.toString()])).toEqual([
      [2, '2'],
      [4, '4'],
    ]);
    expect(first).toMatchObject({ whole: true, status: 204, pending: 1 });
    const of = await directGet({ seq: 3, next_by_subj: 'evt.0.default.t1', batch: 10 });
    expect(of).toMatchObject({ whole: true, status: 204, pending: 0, messages: [{ seq: 5 }] });
    expect(await directGet({ seq: 6, batch: 10 })).toMatchObject({ whole: true, status: 404, messages: [] });
    const news = await directGet({ multi_last: ['evt.0.default.>'], seq: 5 });
    expect(news).toMatchObject({ whole: true, status: 204, upTo: 5, messages: [{ seq: 5 }] });
    expect(await directGet({ batch: -1 } as DirectQuery)).toMatchObject({ whole: true, status: 408, messages: [] });
    await fixture.deleteStream();
    expect(await directGet({ seq: 1, batch: 1 })).toMatchObject({ whole: true, status: 503, messages: [] });
  });
});
