import type { Broker, FeedSink } from '@tidings/broker';
import { encodeCursor } from '@tidings/protocol';
import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { overriding } from './broker-stand-in.ts';
import { type EdgeSetup, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker, placeOf } from './received.ts';

// What is erased or expired before it could be fed, and the marks of a purge, take places in the log that no edge is
// ever given: the feed passes over them.

interface Setup {
  readonly edge: TestEdge;
  /** Takes the next `count` places with what is never fed, and gone from history. */
  pass(count: number): Promise<void>;
}

async function start(setup: EdgeSetup = {}): Promise<Setup> {
  let feeding = true;
  const wrapBroker = (broker: Broker): Broker =>
    overriding(broker, {
      openFeed: (sink: FeedSink) =>
        broker.openFeed({
          start: (epoch, head) => sink.start(epoch, head),
          message: (message) => feeding && sink.message(message),
          restart: (epoch, head) => sink.restart(epoch, head),
          purged: (selection, through) => sink.purged(selection, through),
        }),
    });
  const edge = await startEdge({ aheadWaitMs: 5_000, ...setup, wrapBroker });
  return {
    edge,
    async pass(count) {
      feeding = false;
      for (let each = 0; each < count; each += 1) await edge.publish('passed.over', 'x');
      feeding = true;
      await edge.broker.purge({ tenant: 'default', patterns: ['passed.over'] });
    },
  };
}

const resume = async (edge: TestEdge, query: string, cursor: string): Promise<StreamClient> =>
  edge.stream(query, {
    headers: { authorization: `Bearer ${await edge.token(undefined, {}, 86_400)}`, 'last-event-id': cursor },
  });

const positionOf = async (edge: TestEdge): Promise<number> =>
  placeOf((await (await edge.get('/v1/position')).json()).cursor);

describe('places that are never fed', () => {
  it('section 4: a cursor on one of them resumes at once, with nothing to wait for', async () => {
    // The time stands still: who waits for the feed to come here, waits for ever.
    const { edge, pass } = await start({ clock: createFakeClock() });
    const { epoch } = await edge.publish('a', 'one');
    await pass(3);
    for (const place of [2, 3, 4]) {
      const client = await resume(edge, 'topic=a', encodeCursor(epoch, place));
      await client.event('hub.live');
      expect((await controlOf(client, 'hub.hello')).resumed).toBe(true);
      expect((await client.event('hub.hello')).lastEventId).toBe(encodeCursor(epoch, place));
      await edge.publish('b', 'other');
      const marker = await payloadsBeforeMarker(edge, client, 'a');
      expect(marker).not.toContain('one');
      expect(names(client)).not.toContain('hub.gap');
      client.destroy();
    }
  });

  it('section 7: the position is behind them, and a stream from there misses nothing', async () => {
    const { edge, pass } = await start();
    const { epoch } = await edge.publish('a', 'one');
    await pass(5);
    expect(await positionOf(edge)).toBe(6);
    const page = await (await edge.get(`/v1/topics/a/events?after=${encodeCursor(epoch, 4)}`)).json();
    expect(page).toEqual({ events: [], next: encodeCursor(epoch, 6) });
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 6));
    await client.event('hub.live');
    await edge.publish('a', 'two');
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(['two']);
  });

  it('section 4: a new stream begins behind them, and a quiet one is moved there', async () => {
    const clock = createFakeClock();
    const { edge, pass } = await start({ clock });
    const { epoch } = await edge.publish('a', 'one');
    const quiet = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    await quiet.event('hub.live');
    await pass(4);
    const fresh = await resume(edge, 'topic=a', '');
    expect((await fresh.event('hub.hello')).lastEventId).toBe(encodeCursor(epoch, 5));
    clock.advance(61_000);
    await quiet.until(() => quiet.lastEventId === encodeCursor(epoch, 5));
    await edge.publish('a', 'two');
    for (const client of [quiet, fresh]) await client.until(() => payloads(client).join() === 'two');
  });

  it.each(['all', 'last', '2'])('section 4: replay=%s ends and goes live though they come last', async (replay) => {
    const { edge, pass } = await start();
    for (const text of ['one', 'two', 'three']) await edge.publish('a', text);
    await pass(3);
    const client = await edge.stream(`topic=a&replay=${replay}`);
    await client.event('hub.live');
    const all = ['one', 'two', 'three'];
    expect(payloads(client)).toEqual(replay === 'all' ? all : all.slice(replay === 'last' ? 2 : 1));
    await edge.publish('a', 'live');
    await client.until(() => payloads(client).at(-1) === 'live');
  });

  it.each([200_000, 2_000])(
    'section 4: a resume over them is exact, from a ring of %i bytes and what history has before it',
    async (ringMaxBytes) => {
      const { edge, pass } = await start({ settings: { ringMaxBytes } });
      const { epoch } = await edge.publish('a', 'zero');
      const expected: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        for (let each = 0; each < 4; each += 1) {
          expected.push(`${round} ${each}`);
          await edge.publish('a', `${round} ${each}`);
        }
        await pass(7);
      }
      const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
      await client.event('hub.live');
      expect(payloads(client)).toEqual(expected);
      for (let place = 0; place < 10; place += 1) {
        const some = await resume(edge, 'topic=a', encodeCursor(epoch, 5 + place));
        await some.event('hub.live');
        // The fifth to the twelfth place hold nothing but the end of the first round.
        expect(payloads(some), `${5 + place}`).toEqual(expected.slice(place < 8 ? 4 : place - 3));
        expect(names(some)).not.toContain('hub.gap');
      }
    },
  );

  it('section 6: the end of a finite stream is known, though they come after it', async () => {
    const { edge, pass } = await start({ clock: createFakeClock() });
    const { epoch, seq } = await edge.publish('chat.1', 'done', { final: true });
    await pass(2);
    for (const place of [seq, seq + 1, seq + 2]) {
      const client = await resume(edge, 'topic=chat.1&until=final', encodeCursor(epoch, place));
      expect(client.status, `${place}`).toBe(204);
    }
  });

  it('a stream that falls behind while the position runs ahead of what it was given loses nothing', async () => {
    const { edge, pass } = await start();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    client.pause();
    const texts = Array.from({ length: 300 }, (_, place) => `${place} ${'x'.repeat(20_000)}`);
    for (const [place, text] of texts.entries()) {
      await edge.publish('a', text);
      if (place % 10 === 0) await pass(2);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.resume();
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(texts);
    expect(names(client)).toEqual(['hub.hello', 'hub.live', ...Array(301).fill('message')]);
  });

  it('section 4: a place that the log has not reached is a reset all the same', async () => {
    const { edge, pass } = await start({ aheadWaitMs: 0 });
    const { epoch } = await edge.publish('a', 'one');
    await pass(3);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 5));
    expect(await controlOf(client, 'hub.gap')).toMatchObject({ reason: 'reset', to: encodeCursor(epoch, 4) });
  });
});
