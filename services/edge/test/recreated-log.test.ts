import { encodeCursor } from '@tidings/protocol';
import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import {
  createGate,
  createHeldFeed,
  createRecreatableLog,
  overriding,
  publishing,
  type RecreatableLog,
} from './broker-stand-in.ts';
import { eventually } from './eventually.ts';
import { type EdgeSetup, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker } from './received.ts';

interface Setup {
  readonly log: RecreatableLog;
  readonly edge: TestEdge;
}

async function start(setup: EdgeSetup = {}): Promise<Setup> {
  const log = createRecreatableLog();
  const { wrapBroker = (broker) => broker } = setup;
  const edge = await startEdge({ ...setup, wrapBroker: (broker) => wrapBroker(log.wrap(broker)) });
  return { log, edge };
}

const resume = async (edge: TestEdge, query: string, cursor: string): Promise<StreamClient> =>
  edge.stream(query, { headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': cursor } });

async function expectShortGoodbye(client: StreamClient): Promise<void> {
  await client.end();
  const bye = await controlOf(client, 'hub.bye');
  expect(bye.reason).toBe('unavailable');
  expect(client.retries.at(-1)).toBe(bye.retry);
  expect(bye.retry).toBeGreaterThanOrEqual(1_000);
  expect(bye.retry).toBeLessThanOrEqual(5_000);
}

describe('a log that was recreated', () => {
  it('section 4: leaves a live stream open: hub.gap reset from its last cursor to the new head, then what is live', async () => {
    const { log, edge } = await start();
    for (let place = 0; place < 5; place += 1) await edge.publish('a', `old ${place}`);
    const client = await edge.stream('topic=a&replay=all');
    await client.event('hub.live');
    const from = client.lastEventId;
    await log.recreate(publishing('a', 2));
    const gap = await client.event('hub.gap');
    const to = encodeCursor(edge.broker.epoch, 2);
    expect(JSON.parse(gap.data)).toEqual({ from, to, reason: 'reset' });
    expect(gap.lastEventId).toBe(to);
    // Their places are before the ones that the stream had reached in the old log.
    await edge.publish('b', 'not mine');
    const { seq } = await edge.publish('a', 'new');
    expect(seq).toBe(4);
    expect((await payloadsBeforeMarker(edge, client, 'a')).slice(5)).toEqual(['new']);
    expect(names(client).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live', 'hub.gap']);
    // And its cursor is one of the new log.
    const again = await resume(edge, 'topic=a', encodeCursor(edge.broker.epoch, seq));
    expect(await payloadsBeforeMarker(edge, again, 'a')).toHaveLength(1);
    expect(names(again)).not.toContain('hub.gap');
  });

  it('section 4: from is the newest id that the client has, also where other topics moved on', async () => {
    const clock = createFakeClock();
    const { log, edge } = await start({ clock });
    const { epoch } = await edge.publish('a', 'one');
    const quiet = await edge.stream('topic=a');
    await quiet.event('hub.live');
    await edge.publish('b', 'two');
    await edge.publish('b', 'three');
    await log.recreate();
    const gap = await controlOf(quiet, 'hub.gap');
    expect([gap.from, gap.to]).toEqual([encodeCursor(epoch, 1), encodeCursor(edge.broker.epoch, 0)]);
    // What keeps the cursor young is of the new log too.
    await edge.publish('b', 'one');
    clock.advance(61_000);
    await quiet.until(() => quiet.lastEventId === encodeCursor(edge.broker.epoch, 1));
  });

  it('section 4: nothing stands between the last of the old log and the first of the new but the gap', async () => {
    const { log, edge } = await start();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', 'last of the old');
    await log.recreate();
    await edge.publish('a', 'first of the new');
    await log.recreate();
    await edge.publish('a', 'first of the third');
    await client.until(() => payloads(client).length === 3);
    expect(names(client).slice(2)).toEqual(['message', 'hub.gap', 'message', 'hub.gap', 'message']);
    expect(edge.edge.openStreams).toBe(1);
  });

  it('a stream that stayed, and falls behind then, misses nothing of the new log', async () => {
    const { log, edge } = await start({ settings: { ringMaxBytes: 200_000 } });
    for (let place = 0; place < 50; place += 1) await edge.publish('a', `old ${place}`);
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await log.recreate();
    client.pause();
    const texts = Array.from({ length: 400 }, (_, place) => `${place} ${'x'.repeat(20_000)}`);
    for (const text of texts) {
      await edge.publish('a', text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.resume();
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(texts);
    expect(names(client).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live', 'hub.gap']);
  });

  it('section 6: sends a finite stream away for a short while, since its finals were of the old log', async () => {
    const { log, edge } = await start();
    const { epoch } = await edge.publish('chat.1', 'one');
    const client = await edge.stream('topic=chat.1&until=final');
    await client.event('hub.live');
    await log.recreate();
    await expectShortGoodbye(client);
    expect(names(client)).not.toContain('hub.gap');
    const again = await resume(edge, 'topic=chat.1&until=final', client.lastEventId);
    const gap = await controlOf(again, 'hub.gap');
    expect(gap).toMatchObject({ from: encodeCursor(epoch, 1), reason: 'reset' });
    await edge.publish('chat.1', 'done', { final: true });
    await again.end();
    expect((await controlOf(again, 'hub.bye')).reason).toBe('final');
  });

  it('section 4: sends away who is in the middle of history, and the gap is told when it comes back', async () => {
    const gate = createGate();
    const { log, edge } = await start({
      settings: { ringMaxBytes: 2_000 },
      wrapBroker: (broker) =>
        overriding(broker, {
          async *history(selection, range, signal) {
            await gate.pass();
            yield* broker.history(selection, range, signal);
          },
        }),
    });
    const { epoch } = await edge.publish('a', 'zero');
    for (let place = 0; place < 100; place += 1) await edge.publish('a', `${place}`);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    await eventually(() => gate.asked === 1);
    await log.recreate(publishing('a', 150));
    gate.release();
    await expectShortGoodbye(client);
    expect(payloads(client)).toEqual([]);
    expect(client.lastEventId).toBe(encodeCursor(epoch, 1));
    const again = await resume(edge, 'topic=a', client.lastEventId);
    expect((await controlOf(again, 'hub.gap')).reason).toBe('reset');
    expect(await payloadsBeforeMarker(edge, again, 'a')).toEqual([]);
  });

  it('section 4: a beginning that was found in the old log is never used in the new one', async () => {
    const gate = createGate();
    const { log, edge } = await start({
      settings: { ringMaxBytes: 2_000 },
      wrapBroker: (broker) =>
        overriding(broker, {
          async bounds() {
            await gate.pass();
            return broker.bounds();
          },
        }),
    });
    const { epoch } = await edge.publish('a', 'zero');
    for (let place = 0; place < 100; place += 1) await edge.publish('a', `${place}`);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    await eventually(() => gate.asked === 1);
    await log.recreate(publishing('a', 150));
    gate.release();
    await expectShortGoodbye(client);
    expect(names(client)).toEqual(['hub.bye']);
  });

  it.each([
    ['is finished', 204],
    ['is not finished', 200],
  ])(
    'section 6: where a finite stream that %s stood in the old log is no answer in the new one',
    async (_what, before) => {
      const gate = createGate();
      const { log, edge } = await start({
        wrapBroker: (broker) =>
          overriding(broker, {
            async *latest(selection, range, signal) {
              for await (const page of broker.latest(selection, range, signal)) {
                await gate.pass();
                yield page;
              }
            },
          }),
      });
      const { epoch, seq } = await edge.publish('chat.1', 'done', { final: before === 204 });
      const opening = resume(edge, 'topic=chat.1&until=final', encodeCursor(epoch, seq));
      await eventually(() => gate.asked === 1);
      await log.recreate(publishing('chat.1', 5));
      gate.release();
      const client = await opening;
      expect(client.status).toBe(200);
      await client.event('hub.live');
      expect(names(client)).toEqual(['hub.hello', 'hub.gap', 'hub.live']);
      const to = encodeCursor(edge.broker.epoch, 5);
      expect(await controlOf(client, 'hub.gap')).toEqual({ from: encodeCursor(epoch, seq), to, reason: 'reset' });
      expect((await client.event('hub.hello')).lastEventId).toBe(to);
    },
  );

  it('section 4: history that was evicted before this edge was fed it is hub.gap expired on a live stream', async () => {
    const feed = createHeldFeed();
    const edge = await startEdge({ wrapBroker: feed.wrap, historyMaxBytes: 5_000 });
    const { epoch } = await edge.publish('a', 'fed');
    const [live, finite] = [await edge.stream('topic=a&replay=all'), await edge.stream('topic=a&until=final')];
    await Promise.all([live.event('hub.live'), finite.event('hub.live')]);
    feed.hold();
    const { seq } = await edge.publish('b', 'seen elsewhere');
    // Another edge gave out this cursor: for this stream nothing is lost.
    const ahead = await resume(edge, 'topic=a', encodeCursor(epoch, seq));
    await ahead.event('hub.live');
    feed.lose();
    const gap = { from: encodeCursor(epoch, 1), to: encodeCursor(epoch, seq), reason: 'expired' };
    expect(await controlOf(live, 'hub.gap')).toEqual(gap);
    await expectShortGoodbye(finite);
    await edge.publish('a', 'next');
    for (const client of [live, ahead]) await client.until(() => payloads(client).at(-1) === 'next');
    expect(names(ahead)).toEqual(['hub.hello', 'hub.live', 'message']);
    expect(live.lastEventId).toBe(ahead.lastEventId);
  });

  it.each([
    ['from a cursor is 410', true, 410, 'cursor-gone'],
    ['from the start is 503, and may be asked again', false, 503, 'unavailable'],
  ])('section 7: a read of history across it %s', async (_what, withCursor, status, code) => {
    const gate = createGate();
    const { log, edge } = await start({
      wrapBroker: (broker) =>
        overriding(broker, {
          async *history(selection, range, signal) {
            await gate.pass();
            yield* broker.history(selection, range, signal);
          },
        }),
    });
    const { epoch } = await edge.publish('a', 'one');
    await edge.publish('a', 'two');
    const reading = edge.get(`/v1/topics/a/events${withCursor ? `?after=${encodeCursor(epoch, 1)}` : ''}`);
    await eventually(() => gate.asked === 1);
    await log.recreate(publishing('a', 9));
    gate.release();
    const answer = await reading;
    expect([answer.status, (await answer.json()).code]).toEqual([status, code]);
    expect(answer.headers.get('retry-after')).toBe(withCursor ? null : '1');
  });
});
