import { createFakeClock } from '@tidings/runtime/testing';
import { headers as createHeaders, type NatsConnection, type NatsError } from 'nats';
import { describe, expect, test } from 'vitest';
import { createPublisher } from '../../src/nats/publisher.ts';
import { createReplyInbox } from '../../src/nats/reply-inbox.ts';
import { type Callback, linkStandIn, log, message, metrics } from './stand-ins.ts';

const data = Buffer.from('x');

describe('the publisher', () => {
  test('rejects every event of a long queue on one subject when their time is over', async () => {
    const clock = createFakeClock();
    const link = linkStandIn({ subscribe: () => undefined as never }, false);
    const inbox = createReplyInbox(link.client, '_INBOX_test', () => {});
    const publisher = createPublisher({ link, inbox, clock, log, metrics });
    const outcomes = Array.from({ length: 20_000 }, () => publisher.store('evt.0.t.a', createHeaders(), data));
    const settled = Promise.allSettled(outcomes);
    expect(() => clock.advance(16_000)).not.toThrow();
    publisher.close();
    expect((await settled).filter(({ status }) => status === 'rejected')).toHaveLength(20_000);
    expect(clock.pending).toBe(0);
  });

  test('tries again where a leader that is shutting down could not store: that is no full log', async () => {
    const clock = createFakeClock();
    let hear: Callback = () => {};
    const replies: string[] = [];
    const link = linkStandIn({
      subscribe: ((_subject: string, options: { callback: Callback }) => {
        hear = options.callback;
      }) as unknown as NatsConnection['subscribe'],
      publish: (_subject, _payload, options) => void replies.push(options?.reply ?? ''),
    });
    const inbox = createReplyInbox(link.client, '_INBOX_test', (error) => expect.fail(`${error}`));
    const publisher = createPublisher({ link, inbox, clock, log, metrics });
    const answer = (body: object): void =>
      hear(
        null as unknown as NatsError,
        message({
          subject: replies.at(-1),
          _rdata: Buffer.from(JSON.stringify(body)),
          _msg: { hdr: -1 },
        }),
      );
    const outcome = publisher.store('evt.0.t.a', createHeaders(), data);
    answer({ error: { code: 503, err_code: 10_077, description: 'store is closed' } });
    clock.advance(1_000);
    if (replies.length > 1) answer({ stream: 'EVT_0', seq: 7 });
    expect(await outcome).toEqual({ seq: 7, duplicate: false });
  });

  test('has one event of a lane under way, whatever their subjects', () => {
    const sent: string[] = [];
    const link = linkStandIn({ subscribe: () => undefined as never, publish: (subject) => void sent.push(subject) });
    const inbox = createReplyInbox(link.client, '_INBOX_test', () => {});
    const publisher = createPublisher({ link, inbox, clock: createFakeClock(), log, metrics });
    const outcomes = ['a', 'b'].map((subject) => publisher.store(subject, createHeaders(), data, 'lane'));
    outcomes.push(publisher.store('c', createHeaders(), data));
    for (const outcome of outcomes) outcome.catch(() => {});
    expect(sent).toEqual(['a', 'c']);
    publisher.close();
  });
});
