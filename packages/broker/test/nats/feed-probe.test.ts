import { createLogger, createMetrics } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import type { Msg } from 'nats';
import { expect, it } from 'vitest';
import { createWholeScope } from '../../src/nats/feed-scope.ts';
import type { JetStreamApi } from '../../src/nats/jetstream-api.ts';
import type { Link, LinkClient } from '../../src/nats/link.ts';
import { createLiveFeed } from '../../src/nats/live-feed.ts';
import { ALL_LIVE } from '../../src/nats/subject.ts';
import { createFakeLink, turn, wholeReply } from './fakes.ts';

/** A feed whose live messages come by hand; counts how often the log is asked for what is missing. */
function startFeed() {
  const clock = createFakeClock();
  let receive: (error: null, message: Msg) => void = () => {};
  let asked = 0;
  const client: Pick<LinkClient, 'subscribe'> = {
    subscribe(subject, { callback }) {
      if (subject === ALL_LIVE) receive = callback;
      return { unsubscribe() {} };
    },
  };
  const link = { ...createFakeLink().link, client, connected: true } as Link;
  const fed: number[] = [];
  const { feed, start } = createLiveFeed({
    live: link,
    replay: link,
    scope: createWholeScope(link),
    directGet: async () => {
      asked += 1;
      return wholeReply([]);
    },
    api: {} as JetStreamApi,
    sink: { start() {}, message: ({ seq }) => void fed.push(seq), restart() {}, purged() {} },
    clock,
    log: createLogger('test', 'silent', { write() {} }),
    metrics: createMetrics(),
    onRegress() {},
    onPurge() {},
    onPurged() {},
    onRestart() {},
    repair: true,
  });
  start('epoch', 0, { timeMs: 0, subject: '' });
  const live = (seq: number): void => {
    const block =
      `NATS/1.0\r\nNats-Stream: EVT_0\r\nNats-Subject: evt.0.t.a\r\nNats-Sequence: ${seq}\r\n` +
      `Nats-Time-Stamp: 2026-11-21T10:00:00Z\r\nNats-Last-Sequence: ${seq - 1}\r\n\r\n`;
    const _msg = { hdr: block.length, subject: Buffer.from('live.0.t.a') };
    receive(null, { _rdata: Buffer.from(`${block}x`), _msg } as unknown as Msg);
  };
  const askedIn = async (ms: number): Promise<number> => {
    await turn();
    const before = asked;
    clock.advance(ms);
    await turn();
    return asked - before;
  };
  return { feed, fed, live, askedIn };
}

it('a feed asks the log for what is new while nothing comes live, and not while something does', async () => {
  const { feed, fed, live, askedIn } = startFeed();
  expect(await askedIn(500)).toBe(1);
  expect(await askedIn(500)).toBe(1);
  for (let seq = 1; seq <= 5; seq += 1) {
    live(seq);
    expect(await askedIn(500)).toBe(0);
  }
  // A last one that was lost is found within a second.
  expect(await askedIn(500)).toBe(1);
  expect(await askedIn(500)).toBe(1);
  expect(fed).toEqual([1, 2, 3, 4, 5]);
  feed.close();
  expect(await askedIn(5_000)).toBe(0);
});
