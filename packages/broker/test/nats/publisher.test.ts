import { TidingsError } from '@tidings/protocol';
import { createLogger, createMetrics } from '@tidings/runtime';
import { createFakeClock, watchForLeaks } from '@tidings/runtime/testing';
import { headers as createHeaders } from 'nats';
import { describe, expect, it } from 'vitest';
import { createPublisher } from '../../src/nats/publisher.ts';
import { createFakeInbox, createFakeLink, headerBlock, turn } from './fakes.ts';

function createCase() {
  const fakeLink = createFakeLink();
  const fakeInbox = createFakeInbox();
  const clock = createFakeClock();
  const metrics = createMetrics();
  const lines: string[] = [];
  const log = createLogger('test', 'debug', { write: (line) => void lines.push(line) });
  const publisher = createPublisher({ link: fakeLink.link, inbox: fakeInbox.inbox, clock, log, metrics });
  const { sent } = fakeLink;

  /** Stores an event and writes down what came of it. */
  function store(subject: string, text: string) {
    const outcome: { seq?: number; duplicate?: boolean; code?: string; error?: Error } = {};
    const headers = createHeaders();
    headers.set('Nats-Msg-Id', `id of ${text}`);
    const settled = publisher.store(subject, headers, Buffer.from(text)).then(
      (acknowledgement) => void Object.assign(outcome, acknowledgement),
      (error: Error) => {
        outcome.error = error;
        if (error instanceof TidingsError) outcome.code = error.code;
      },
    );
    return { outcome, settled };
  }
  const answer = (at: number, body: object | string, headers = ''): void =>
    fakeInbox.reply(sent[at]?.reply ?? 'none', headers, typeof body === 'string' ? body : JSON.stringify(body));
  const acknowledge = (at: number, seq: number, duplicate?: boolean): void =>
    answer(at, { stream: 'EVT_0', seq, ...(duplicate && { duplicate }) });
  const refuse = (at: number, code: number, errorCode: number, description = 'why'): void =>
    answer(at, { error: { code, err_code: errorCode, description } });
  const noResponders = (at: number): void => answer(at, '', headerBlock('503'));
  const retries = async (): Promise<Record<string, number>> => {
    const tried = (await metrics.publishRetries.get()).values.filter(({ value }) => value > 0);
    return Object.fromEntries(tried.map(({ labels, value }) => [labels.reason, value]));
  };
  const texts = (): string[] => sent.map(({ text }) => text);
  return {
    ...fakeLink,
    fakeInbox,
    clock,
    publisher,
    store,
    answer,
    acknowledge,
    refuse,
    noResponders,
    retries,
    texts,
    lines,
  };
}

/** Long enough for the next sweep. */
const SWEEP = 100;

describe('the publisher', () => {
  it('answers the place that the leader gave, and whether the event was there already', async () => {
    const { store, acknowledge, sent } = createCase();
    const one = store('evt.0.t.a', 'one');
    const two = store('evt.0.t.b', 'two');
    acknowledge(0, 7);
    acknowledge(1, 3, true);
    await Promise.all([one.settled, two.settled]);
    expect(one.outcome).toEqual({ seq: 7, duplicate: false });
    expect(two.outcome).toEqual({ seq: 3, duplicate: true });
    expect(sent.map(({ subject, text }) => [subject, text])).toEqual([
      ['evt.0.t.a', 'one'],
      ['evt.0.t.b', 'two'],
    ]);
    expect(sent[0]?.headers?.get('Nats-Msg-Id')).toBe('id of one');
    expect(sent[0]?.reply).not.toBe(sent[1]?.reply);
  });

  it('has one event of a subject under way, and the next goes out with its acknowledgement', async () => {
    const { store, acknowledge, texts } = createCase();
    const all = ['1', '2', '3'].map((text) => store('evt.0.t.a', text));
    store('evt.0.t.b', 'other');
    expect(texts()).toEqual(['1', 'other']);
    acknowledge(0, 1);
    expect(texts()).toEqual(['1', 'other', '2']);
    acknowledge(2, 2);
    acknowledge(3, 3);
    await Promise.all(all.map(({ settled }) => settled));
    expect(all.map(({ outcome }) => outcome.seq)).toEqual([1, 2, 3]);
  });

  it('keeps the order of a subject over retries: the second waits until the first is stored', async () => {
    const { store, acknowledge, noResponders, clock, texts } = createCase();
    const first = store('evt.0.t.a', '1');
    const second = store('evt.0.t.a', '2');
    noResponders(0);
    clock.advance(SWEEP);
    expect(texts()).toEqual(['1', '1']);
    acknowledge(1, 1);
    expect(texts()).toEqual(['1', '1', '2']);
    acknowledge(2, 2);
    await Promise.all([first.settled, second.settled]);
    expect([first.outcome.seq, second.outcome.seq]).toEqual([1, 2]);
  });

  it('goes on with the next event of a subject when one is refused for good', async () => {
    const { store, acknowledge, refuse, texts } = createCase();
    const first = store('evt.0.t.a', '1');
    const second = store('evt.0.t.a', '2');
    refuse(0, 400, 10054);
    acknowledge(1, 1);
    await Promise.all([first.settled, second.settled]);
    expect(first.outcome.code).toBe('event-too-large');
    expect(second.outcome.seq).toBe(1);
    expect(texts()).toEqual(['1', '2']);
  });

  it('tries again after two seconds without an answer, under the same id and at another address', async () => {
    const { store, acknowledge, clock, sent, retries } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    clock.advance(1_999);
    expect(sent).toHaveLength(1);
    clock.advance(SWEEP);
    clock.advance(SWEEP);
    expect(sent).toHaveLength(2);
    expect(sent.map(({ headers }) => headers?.get('Nats-Msg-Id'))).toEqual(['id of 1', 'id of 1']);
    expect(sent[1]?.reply).not.toBe(sent[0]?.reply);
    acknowledge(1, 5);
    await settled;
    expect(outcome.seq).toBe(5);
    expect(await retries()).toEqual({ timeout: 1 });
  });

  it('takes a late acknowledgement of an earlier try, and sends no further one', async () => {
    const { store, acknowledge, clock, sent, fakeInbox } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    clock.advance(2_200);
    expect(sent).toHaveLength(2);
    acknowledge(0, 5);
    await settled;
    expect(outcome).toEqual({ seq: 5, duplicate: false });
    acknowledge(1, 5, true);
    clock.advance(20_000);
    expect([sent.length, fakeInbox.open, clock.pending]).toEqual([2, 0, 0]);
  });

  it('takes an acknowledgement that comes while it waits before the next try', async () => {
    const { store, acknowledge, noResponders, clock, sent } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    clock.advance(2_200);
    noResponders(1);
    acknowledge(0, 5);
    await settled;
    expect(outcome.seq).toBe(5);
    clock.advance(20_000);
    expect(sent).toHaveLength(2);
  });

  it('does not put off the next try, nor count a retry, for each late refusal of an earlier one', async () => {
    const { store, noResponders, clock, sent, retries } = createCase();
    store('evt.0.t.a', '1');
    clock.advance(2_200);
    noResponders(0);
    noResponders(1);
    expect(await retries()).toEqual({ timeout: 1, 'no-responders': 1 });
    clock.advance(200);
    expect(sent).toHaveLength(3);
  });

  it('tries again more and more seldom, from 50 ms to a second', async () => {
    const { store, noResponders, clock, sent } = createCase();
    store('evt.0.t.a', '1');
    const atMs: number[] = [];
    const begunMs = clock.elapsed();
    for (let seen = 1; clock.elapsed() - begunMs < 8_000; ) {
      if (sent.length === seen) {
        atMs.push(clock.elapsed() - begunMs);
        noResponders(seen - 1);
        seen += 1;
      }
      clock.advance(10);
    }
    // Looked at every 100 ms.
    expect(atMs).toEqual([0, 100, 200, 400, 800, 1_600, 2_600, 3_600, 4_600, 5_600, 6_600, 7_600]);
  });

  it.each([
    ['no responders, while there is no leader', 'no-responders', (c: Case) => c.noResponders(0)],
    ['an error of the server', 'server', (c: Case) => c.refuse(0, 503, 10008)],
    ['an error of 500', 'server', (c: Case) => c.refuse(0, 500, 10009)],
    ['the same id being under way', 'server', (c: Case) => c.refuse(0, 400, 10158)],
    ['an answer that is no JSON', 'server', (c: Case) => c.answer(0, '{"seq":')],
    ['an answer that says nothing', 'server', (c: Case) => c.answer(0, '{}')],
    ['an empty answer', 'server', (c: Case) => c.answer(0, '')],
  ])('tries again after %s', async (_, reason, happen) => {
    const each = createCase();
    const { outcome, settled } = each.store('evt.0.t.a', '1');
    happen(each);
    each.clock.advance(SWEEP);
    expect(each.sent).toHaveLength(2);
    each.acknowledge(1, 9, true);
    await settled;
    expect(outcome).toEqual({ seq: 9, duplicate: true });
    expect(await each.retries()).toEqual({ [reason]: 1 });
  });

  it('does not try again where the stream is full: it says so at once', async () => {
    const { store, refuse, clock, sent } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    refuse(0, 503, 10077, 'maximum bytes exceeded');
    await settled;
    expect(outcome.code).toBe('unavailable');
    expect(outcome.error?.message).toContain('maximum bytes exceeded');
    expect((outcome.error as TidingsError).details.retryAfterSec).toBe(5);
    clock.advance(5_000);
    expect(sent).toHaveLength(1);
  });

  it('tries again where a leader that is stopping could not store, which has the same number', async () => {
    const { store, refuse, acknowledge, clock, sent } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    refuse(0, 503, 10077, 'store is closed');
    clock.advance(SWEEP);
    expect(sent).toHaveLength(2);
    acknowledge(1, 1);
    await settled;
    expect(outcome.seq).toBe(1);
  });

  it('does not try again what the server refuses for good, and logs why', async () => {
    const { store, refuse, lines, sent, clock } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    refuse(0, 400, 10_165, 'invalid per-message TTL');
    await settled;
    expect(outcome.code).toBe('unavailable');
    expect(lines.join()).toContain('invalid per-message TTL');
    clock.advance(5_000);
    expect(sent).toHaveLength(1);
  });

  it('says that an event is too large, by the word of the server or of the client', async () => {
    const { store, refuse, fail, clock } = createCase();
    const one = store('evt.0.t.a', '1');
    refuse(0, 400, 10054);
    await one.settled;
    fail(Object.assign(new Error('max'), { code: 'MAX_PAYLOAD_EXCEEDED' }));
    const two = store('evt.0.t.a', '2');
    await two.settled;
    expect([one.outcome.code, two.outcome.code]).toEqual(['event-too-large', 'event-too-large']);
    expect(clock.pending).toBe(0);
  });

  it('hands the client nothing while the connection is away, and sends it as soon as it is back', async () => {
    const { store, acknowledge, disconnect, reconnect, clock, sent, retries } = createCase();
    disconnect();
    const { outcome, settled } = store('evt.0.t.a', '1');
    clock.advance(5_000);
    expect(sent).toEqual([]);
    expect(await retries()).toEqual({ disconnected: 1 });
    reconnect();
    expect(sent).toHaveLength(1);
    acknowledge(0, 1);
    await settled;
    expect(outcome.seq).toBe(1);
  });

  it('asks anew after a reconnect what was asked on the connection that is gone, in the order of each subject', async () => {
    const { store, acknowledge, disconnect, reconnect, texts } = createCase();
    const first = store('evt.0.t.a', '1');
    const second = store('evt.0.t.a', '2');
    store('evt.0.t.b', 'other');
    disconnect();
    reconnect();
    expect(texts()).toEqual(['1', 'other', '1', 'other']);
    acknowledge(2, 1);
    acknowledge(4, 2);
    await Promise.all([first.settled, second.settled]);
    expect([first.outcome.seq, second.outcome.seq]).toEqual([1, 2]);
  });

  it('tries again where the connection was closed this very instant', async () => {
    const { store, acknowledge, fail, clock, sent } = createCase();
    fail(Object.assign(new Error('closed'), { code: 'CONNECTION_CLOSED' }));
    const { outcome, settled } = store('evt.0.t.a', '1');
    fail(undefined);
    clock.advance(SWEEP);
    expect(sent).toHaveLength(1);
    acknowledge(0, 4);
    await settled;
    expect(outcome.seq).toBe(4);
  });

  it('gives up after 15 seconds without an answer, and not before', async () => {
    const { store, clock, acknowledge, sent, fakeInbox } = createCase();
    const { outcome, settled } = store('evt.0.t.a', '1');
    clock.advance(14_999);
    await turn();
    expect(outcome).toEqual({});
    // The last try has its two seconds.
    clock.advance(2_200);
    await settled;
    expect(outcome.code).toBe('unavailable');
    expect((outcome.error as TidingsError).details.retryAfterSec).toBe(1);
    const tries = sent.length;
    for (let at = 0; at < tries; at += 1) acknowledge(at, 1);
    clock.advance(60_000);
    expect([sent.length, fakeInbox.open, clock.pending]).toEqual([tries, 0, 0]);
    expect(outcome.seq).toBeUndefined();
  });

  it('gives up after 15 seconds of refusals, and after 15 seconds without a connection', async () => {
    const away = createCase();
    away.disconnect();
    const lost = away.store('evt.0.t.a', '1');
    away.clock.advance(14_900);
    await turn();
    expect(lost.outcome).toEqual({});
    away.clock.advance(200);
    await lost.settled;
    expect(lost.outcome.code).toBe('unavailable');

    const refused = createCase();
    const { outcome, settled } = refused.store('evt.0.t.a', '1');
    while (refused.clock.elapsed() < 14_900) {
      refused.noResponders(refused.sent.length - 1);
      refused.clock.advance(50);
    }
    await turn();
    expect(outcome).toEqual({});
    refused.noResponders(refused.sent.length - 1);
    refused.clock.advance(200);
    await settled;
    expect(outcome.code).toBe('unavailable');
  });

  it('refuses without a try those whose time has passed while they waited behind others', async () => {
    const { store, clock, texts, acknowledge } = createCase();
    const first = store('evt.0.t.a', '1');
    const second = store('evt.0.t.a', '2');
    clock.advance(10_000);
    const third = store('evt.0.t.a', '3');
    clock.advance(7_300);
    await Promise.all([first.settled, second.settled]);
    expect([first.outcome.code, second.outcome.code]).toEqual(['unavailable', 'unavailable']);
    expect(new Set(texts())).toEqual(new Set(['1', '3']));
    acknowledge(texts().length - 1, 1);
    await third.settled;
    expect(third.outcome.seq).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('refuses twenty thousand events that waited for one topic too long, each by itself', async () => {
    const { publisher, clock } = createCase();
    const codes = new Map<string, number>();
    const all = Array.from({ length: 20_000 }, () =>
      publisher.store('evt.0.t.a', createHeaders(), Buffer.alloc(0)).catch(({ code }: TidingsError) => {
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }),
    );
    clock.advance(17_200);
    await Promise.all(all);
    expect(codes).toEqual(new Map([['unavailable', 20_000]]));
    expect(clock.pending).toBe(0);
  });

  it('refuses them one by one without a connection too, at the very moment when their time is over', async () => {
    const { publisher, disconnect, clock } = createCase();
    disconnect();
    const outcomes = Promise.allSettled(
      Array.from({ length: 20_000 }, () => publisher.store('evt.0.t.a', createHeaders(), Buffer.alloc(0))),
    );
    clock.advance(15_000);
    expect((await outcomes).filter(({ status }) => status === 'rejected')).toHaveLength(20_000);
    expect(clock.pending).toBe(0);
  });

  it('takes no more than 128 MiB that wait, and takes more as soon as some of it is stored or refused', async () => {
    const { publisher, acknowledge, refuse, fakeInbox, sent } = createCase();
    const megabyte = Buffer.alloc(1_000_000);
    const storeOn = (topic: string): Promise<unknown> =>
      publisher.store(`evt.0.t.${topic}`, createHeaders(), megabyte).then(
        ({ seq }) => seq,
        ({ code }) => code,
      );
    const waiting = Array.from({ length: 134 }, (_, at) => storeOn(`${at % 2}`));
    expect(await storeOn('full')).toBe('unavailable');
    expect(fakeInbox.open).toBe(2);
    acknowledge(0, 1);
    refuse(1, 400, 10054);
    expect(await Promise.all(waiting.slice(0, 2))).toEqual([1, 'event-too-large']);
    const later = [storeOn('full'), storeOn('too')];
    expect(await storeOn('three')).toBe('unavailable');
    expect(sent.slice(-2).map(({ subject }) => subject)).toEqual(['evt.0.t.full', 'evt.0.t.too']);
    publisher.close();
    expect(await Promise.all(later)).toEqual(['unavailable', 'unavailable']);
  });

  it('settles when nothing is under way any more, or when the time for it is over', async () => {
    const { store, acknowledge, publisher, clock } = createCase();
    await publisher.settle(5_000);
    let settled = false;
    const first = store('evt.0.t.a', '1');
    const second = store('evt.0.t.a', '2');
    void publisher.settle(5_000).then(() => {
      settled = true;
    });
    acknowledge(0, 1);
    await turn();
    expect(settled).toBe(false);
    acknowledge(1, 2);
    await turn();
    expect(settled).toBe(true);
    await Promise.all([first.settled, second.settled]);
    expect(clock.pending).toBe(0);

    settled = false;
    store('evt.0.t.a', '3');
    void publisher.settle(1_000).then(() => {
      settled = true;
    });
    clock.advance(999);
    await turn();
    expect(settled).toBe(false);
    clock.advance(1);
    await turn();
    expect(settled).toBe(true);
  });

  it('ends with a close everything that is under way or waits, and leaves nothing behind', async () => {
    const noLeaks = watchForLeaks();
    const { store, publisher, acknowledge, reconnect, clock, fakeInbox, sent } = createCase();
    const all = [store('evt.0.t.a', '1'), store('evt.0.t.a', '2'), store('evt.0.t.b', '3')];
    clock.advance(2_200);
    publisher.close();
    await Promise.all(all.map(({ settled }) => settled));
    expect(all.map(({ outcome }) => outcome.code)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    const { length } = sent;
    for (let at = 0; at < length; at += 1) acknowledge(at, 1);
    reconnect();
    clock.advance(20_000);
    expect([sent.length, fakeInbox.open, clock.pending]).toEqual([length, 0, 0]);
    await noLeaks();
  });

  it('sets its one timer with the first event, and none while it is idle', async () => {
    const { store, acknowledge, clock } = createCase();
    expect(clock.pending).toBe(0);
    store('evt.0.t.a', '1');
    store('evt.0.t.b', '2');
    expect(clock.pending).toBe(1);
    acknowledge(0, 1);
    expect(clock.pending).toBe(1);
    acknowledge(1, 2);
    expect(clock.pending).toBe(0);
    store('evt.0.t.a', '3');
    expect(clock.pending).toBe(1);
  });
});

type Case = ReturnType<typeof createCase>;
