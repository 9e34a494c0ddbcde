import { createLogger } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it, vi } from 'vitest';
import type { DirectGet, DirectReply } from '../../src/nats/direct-get.ts';
import { away, type StoredMessage } from '../../src/nats/jetstream-api.ts';
import { createStateFollower } from '../../src/nats/state-follower.ts';
import { leaderStandIn, streamInfo } from '../nats-defect/stand-ins.ts';
import { createFakeLink } from './fakes.ts';

const lines: Record<string, unknown>[] = [];
const log = createLogger('test', 'debug', { write: (line) => void lines.push(JSON.parse(line)) });

/** A bucket of which the replica that is asked has only what lies up to a place. */
function bucketOf(count: number, behindAt = count) {
  const bucket = {
    last: count,
    behindAt,
    created: '2026-01-01T00:00:00Z',
    away: false,
    torn: false,
    bulk: 0,
    single: 0,
  };
  const { link, reconnect } = createFakeLink();
  Object.assign(link.client, { subscribe: () => ({ unsubscribe() {} }) });
  const told: number[] = [];
  const clock = createFakeClock();
  const subject = (seq: number): string => `$KV.tidings.seen.${seq}`;
  const directGet: DirectGet = async ({ seq = 1, batch = 1 }) => {
    bucket.bulk += 1;
    const places = Array.from({ length: Math.max(0, bucket.behindAt - seq + 1) }, (_, at) => seq + at);
    const page = places.slice(0, bucket.torn ? 3 : Math.min(batch, 10));
    const messages = page.map((at) => ({ seq: at, subject: subject(at), headers: '', data: Buffer.from(`${at}`) }));
    const reply: DirectReply = {
      messages,
      status: 204,
      whole: !bucket.torn,
      pending: places.length - page.length,
      upTo: 0,
    };
    return reply;
  };
  const api = leaderStandIn({
    async info() {
      if (bucket.away) throw away('the leader is away');
      return { ...streamInfo(1, bucket.last), created: bucket.created };
    },
    async next(seq): Promise<StoredMessage | undefined> {
      bucket.single += 1;
      if (seq > bucket.last) return undefined;
      return { seq, subject: subject(seq), data: Buffer.from(`${seq}`).toString('base64') };
    },
  });
  const followers = [{ prefix: 'seen', onEntry: ({ value }: { value: string }) => void told.push(Number(value)) }];
  const onFault = (error: unknown): never => {
    throw error;
  };
  const follower = createStateFollower({ link, api, directGet, followers, clock, log, onCaughtUp() {}, onFault });
  return { bucket, follower, told, clock, reconnect };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
const never = new AbortController().signal;

describe('what is in the shared state', () => {
  it.each([
    ['a replica has all of it', 35, 35, false],
    ['the replica is behind', 35, 31, false],
    ['the replica has nothing', 35, 0, false],
    ['every answer is torn', 35, 35, true],
    ['there is little', 5, 0, false],
    ['there is nothing', 0, 0, false],
  ])('is told whole and in order, once: %s', async (_what, count, behindAt, torn) => {
    const { bucket, follower, told } = bucketOf(count, behindAt);
    bucket.torn = torn;
    await follower.start(never);
    expect(told).toEqual(upTo(count));
  });

  it('is asked of the leader alone for the few that were put since', async () => {
    const { bucket, follower, told } = bucketOf(35);
    await follower.start(never);
    Object.assign(bucket, { last: 37, behindAt: 35, bulk: 0, single: 0 });
    await follower.reach(37);
    expect(told).toEqual(upTo(37));
    expect(bucket).toMatchObject({ bulk: 0, single: 2 });
  });

  it('is told again from its beginning after a reconnect, in a bucket that was created anew, and in one that has lost its end', async () => {
    const { bucket, follower, told, clock, reconnect } = bucketOf(12);
    await follower.start(never);
    told.length = 0;
    reconnect();
    await vi.waitFor(() => expect(told).toEqual(upTo(12)));
    for (const change of [{ created: '2026-02-02T00:00:00Z' }, { last: 11, behindAt: 11 }]) {
      told.length = 0;
      Object.assign(bucket, change);
      clock.advance(2_000);
      await vi.waitFor(() => expect(told).toEqual(upTo(bucket.last)));
    }
  });

  it('is not believed to be followed while the leader does not answer', async () => {
    const { bucket, follower, clock } = bucketOf(3);
    await follower.start(never);
    const { caughtUp } = follower;
    bucket.away = true;
    clock.advance(2_000);
    await vi.waitFor(() => expect(lines.at(-1)?.msg).toBe('the shared state can not be read'));
    expect(follower.caughtUp).toEqual(caughtUp);
    const reaching = follower.reach(4);
    const outcome = expect(reaching).rejects.toMatchObject({ code: 'unavailable' });
    for (let at = 0; at < 50; at += 1) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await outcome;
    bucket.away = false;
    clock.advance(2_000);
    await vi.waitFor(() => expect(follower.caughtUp).not.toEqual(caughtUp));
    expect(lines.at(-1)?.msg).toBe('the shared state can be read again');
  });
});
