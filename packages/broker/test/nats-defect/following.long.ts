import { TidingsError } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import type { NatsConnection, NatsError, Subscription } from 'nats';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRecordingSink } from '../../src/contract/fixture.ts';
import { createDirectGet, limited } from '../../src/nats/direct-get.ts';
import { createWholeScope } from '../../src/nats/feed-scope.ts';
import { createFollowerWatch } from '../../src/nats/follower.ts';
import { createFollowing } from '../../src/nats/following.ts';
import type { StreamInfo } from '../../src/nats/jetstream-api.ts';
import { createReplyInbox } from '../../src/nats/reply-inbox.ts';
import { type Callback, linkStandIn, log, message, metrics, streamInfo } from './stand-ins.ts';

const subscribing = (take: (callback: Callback) => void): NatsConnection['subscribe'] =>
  ((_subject: string, options: { callback: Callback }) => {
    take(options.callback);
    return { unsubscribe() {} } as Subscription;
  }) as NatsConnection['subscribe'];

describe('the feed of a process', () => {
  test('never starts at the head of one log under the name of another', async () => {
    const clock = createFakeClock();
    let info: StreamInfo = streamInfo(1, 1_000, 'old');
    let epoch = 'old';
    const client: Partial<NatsConnection> = {
      subscribe: subscribing(() => {}),
      publish() {},
      async flush() {},
      // While the subject of the head is asked for, somebody else asks the leader, and the log is another one.
      request: async () => {
        info = streamInfo(1, 5, 'new');
        epoch = 'new';
        return message({ json: () => ({ error: { code: 404, err_code: 10_037 } }) });
      },
    };
    const link = linkStandIn(client);
    const sink = createRecordingSink();
    const following = await createFollowing({
      live: link,
      replay: link,
      scope: createWholeScope(link),
      inbox: createReplyInbox(link.client, '_INBOX_test', () => {}),
      watch: {
        get epoch() {
          return epoch;
        },
        silentMs: 0,
        tailLost: false,
        noteTailLost() {},
        ask: async () => info,
        close() {},
      } as Parameters<typeof createFollowing>[0]['watch'],
      sink,
      id: 'one',
      clock,
      log,
      metrics,
      repair: false,
      onFeed() {},
      onRegress() {},
      signal: AbortSignal.timeout(5_000),
    });
    onTestFinished(() => following.close());
    expect([epoch, following.feed.position]).toEqual(['new', 5]);
  });
});

describe('a feed that could not start', () => {
  test('leaves no timer behind', async () => {
    const clock = createFakeClock();
    const link = linkStandIn({ subscribe: subscribing(() => {}), publish() {}, async flush() {} });
    const aborter = new AbortController();
    const following = createFollowing({
      live: link,
      replay: link,
      scope: createWholeScope(link),
      inbox: createReplyInbox(link.client, '_INBOX_test', () => {}),
      watch: {
        epoch: 'epoch1',
        silentMs: 0,
        tailLost: false,
        noteTailLost() {},
        ask: async () => {
          aborter.abort();
          throw new TidingsError('unavailable', 'The leader does not answer.');
        },
        close() {},
      } as Parameters<typeof createFollowing>[0]['watch'],
      sink: createRecordingSink(),
      id: 'one',
      clock,
      log,
      metrics,
      repair: true,
      onFeed() {},
      onRegress() {},
      signal: aborter.signal,
    });
    await expect(following).rejects.toThrow();
    expect(clock.pending).toBe(0);
  });
});

describe('a purge', () => {
  test('waits for the followers again after its own connection was away for so long that they seemed to be gone', async () => {
    const clock = createFakeClock();
    let hear: Callback = () => {};
    const link = linkStandIn({ subscribe: subscribing((callback) => (hear = callback)) });
    // Whatever tells the watch of a reconnect: its link, in whose place the client alone may stand.
    const parts = Object.assign(link.client, { onReconnect: link.onReconnect, client: link.client });
    const watch = createFollowerWatch(parts as never, clock);
    const beat = (position: number): void =>
      hear(
        null as unknown as NatsError,
        message({
          subject: 'ctl.edge.one',
          data: Buffer.from(JSON.stringify({ epoch: 'epoch1', position })),
        }),
      );
    beat(10);
    clock.advance(3_000);
    // Nothing is heard while the connection is away.
    clock.advance(12_000);
    link.reconnect();
    let passed = false;
    const passing = watch.passed('epoch1', 20).then(() => (passed = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(passed).toBe(false);
    beat(20);
    clock.advance(5_000);
    await passing;
  });
});

describe('reads of history', () => {
  test('do not hold up the repair of the live feed, however many wait', async () => {
    const asked: string[] = [];
    const link = linkStandIn({
      subscribe: subscribing(() => {}),
      publish: (_subject, payload) => void asked.push(`${payload}`),
    });
    const directGet = createDirectGet(
      link,
      createReplyInbox(link.client, '_INBOX_test', () => {}),
    );
    const history = limited(directGet, 8);
    for (let read = 0; read < 100; read += 1) void history({ seq: 1, next_by_subj: `evt.0.t.${read}`, batch: 256 });
    void directGet({ seq: 77, batch: 500, max_bytes: 1_048_576 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toHaveLength(9);
    expect(asked.some((query) => query.includes('"seq":77'))).toBe(true);
  });
});
