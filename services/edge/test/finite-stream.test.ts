import { encodeCursor } from '@tidings/protocol';
import { createFakeClock, request, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createHeldFeed, overriding } from './broker-stand-in.ts';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker } from './received.ts';

async function open(edge: TestEdge, topics: string, cursor = ''): Promise<StreamClient> {
  const query = topics.split(' ').map((topic) => `topic=${topic}`);
  return edge.stream(`${query.join('&')}&until=final`, {
    headers: { authorization: `Bearer ${await edge.token()}`, ...(cursor !== '' && { 'last-event-id': cursor }) },
  });
}

async function publishAnswer(edge: TestEdge, topic: string, words: readonly string[]): Promise<void> {
  for (const word of words) await edge.publish(topic, word);
  await edge.publish(topic, 'done', { final: true, event: 'end' });
}

describe('a finite stream', () => {
  it('section 6: sees everything from the start, then hub.bye final, and is closed', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one', 'two']);
    const client = await open(edge, 'chat.42');
    await client.end();
    expect(names(client)).toEqual(['hub.hello', 'message', 'message', 'end', 'hub.live', 'hub.bye']);
    expect(payloads(client)).toEqual(['one', 'two', 'done']);
    const bye = await controlOf(client, 'hub.bye');
    expect(bye.reason).toBe('final');
    expect(client.retries.at(-1)).toBe(bye.retry);
    expect(edge.edge.openStreams).toBe(0);
  });

  it('section 6: joining in the middle sees the start, then what comes, and closes after the final event', async () => {
    const edge = await startEdge();
    await edge.publish('chat.42', 'one');
    const client = await open(edge, 'chat.42');
    await client.event('hub.live');
    await edge.publish('chat.42', 'two');
    await edge.publish('chat.other', 'not mine', { final: true });
    await edge.publish('chat.42', 'three', { final: true });
    await edge.publish('chat.42', 'too late');
    await client.end();
    expect(payloads(client)).toEqual(['one', 'two', 'three']);
    expect(names(client).at(-1)).toBe('hub.bye');
  });

  it('section 6: a topic that has not begun is waited for', async () => {
    const edge = await startEdge();
    const client = await open(edge, 'chat.new');
    await client.event('hub.live');
    await publishAnswer(edge, 'chat.new', ['first']);
    await client.end();
    expect(payloads(client)).toEqual(['first', 'done']);
  });

  it('section 6: its reconnect with the final event’s cursor gets 204 without a body', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one']);
    const client = await open(edge, 'chat.42');
    await client.end();
    await edge.publish('other', 'moves the position');
    const again = await open(edge, 'chat.42', client.lastEventId);
    expect(again.status).toBe(204);
    await again.end();
    expect(again.text).toBe('');
    expect(edge.edge.openStreams).toBe(0);
    const byParameter = await edge.get(`/v1/stream?topic=chat.42&until=final&last_event_id=${client.lastEventId}`);
    expect(byParameter.status).toBe(204);
    const posted = await request(`${edge.url}/v1/stream`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await edge.token()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ topic: ['chat.42'], until: 'final', last_event_id: client.lastEventId }),
    });
    expect(posted.status).toBe(204);
  });

  it('section 6: without a cursor it gets everything again', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one']);
    for (let round = 0; round < 2; round += 1) {
      const client = await open(edge, 'chat.42');
      await client.end();
      expect(client.status).toBe(200);
      expect(payloads(client)).toEqual(['one', 'done']);
    }
  });

  it('section 6: a page reload in the middle resumes where it was', async () => {
    const edge = await startEdge();
    await edge.publish('chat.42', 'one');
    const first = await open(edge, 'chat.42');
    await first.event('hub.live');
    await edge.publish('chat.42', 'two');
    await first.until((client) => payloads(client).length === 2);
    first.destroy();
    await edge.publish('chat.42', 'three');
    const again = await open(edge, 'chat.42', first.lastEventId);
    await again.event('hub.live');
    await edge.publish('chat.42', 'four', { final: true });
    await again.end();
    expect(payloads(again)).toEqual(['three', 'four']);
    expect(names(again)).not.toContain('hub.gap');
  });

  it('section 6: a reload that missed the end gets the end, then hub.bye', async () => {
    const edge = await startEdge();
    const { epoch, seq } = await edge.publish('chat.42', 'one');
    await publishAnswer(edge, 'chat.42', ['two']);
    const client = await open(edge, 'chat.42', encodeCursor(epoch, seq));
    await client.end();
    expect(payloads(client)).toEqual(['two', 'done']);
    expect((await controlOf(client, 'hub.bye')).reason).toBe('final');
  });

  it('section 5: a later publish reopens the topic: the newest final counts', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one']);
    const first = await open(edge, 'chat.42');
    await first.end();
    await edge.publish('chat.42', 'more');
    const resumed = await open(edge, 'chat.42', first.lastEventId);
    expect(resumed.status).toBe(200);
    await resumed.event('hub.live');
    const fresh = await open(edge, 'chat.42');
    await fresh.event('hub.live');
    expect(payloads(fresh)).toEqual(['one', 'done', 'more']);
    await edge.publish('chat.42', 'done again', { final: true });
    await Promise.all([resumed.end(), fresh.end()]);
    expect(payloads(resumed)).toEqual(['more', 'done again']);
    expect((await open(edge, 'chat.42', resumed.lastEventId)).status).toBe(204);
    // The first final event is not the newest any more.
    const late = await open(edge, 'chat.42', first.lastEventId);
    expect(late.status).toBe(200);
    await late.end();
    expect(payloads(late)).toEqual(['more', 'done again']);
  });

  it('section 4: with several topics the stream closes after the final event of every one', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'build.1', ['compiled']);
    const client = await open(edge, 'build.1 build.2 build.3');
    await client.event('hub.live');
    await publishAnswer(edge, 'build.2', ['compiled']);
    await edge.publish('build.1', 'reopened');
    await publishAnswer(edge, 'build.3', ['compiled']);
    expect(await payloadsBeforeMarker(edge, client, 'build.1')).toHaveLength(7);
    await edge.publish('build.1', 'done', { final: true });
    await client.end();
    const over = await open(edge, 'build.1 build.2 build.3', client.lastEventId);
    expect(over.status).toBe(204);
    const some = await open(edge, 'build.1 build.4', client.lastEventId);
    expect(some.status).toBe(200);
  });

  it('section 6: once history no longer holds the final event, a resume gets hub.gap expired, and waits', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    await edge.publish('chat.42', 'one', { ttlSec: 60 });
    await edge.publish('chat.42', 'done', { final: true, ttlSec: 60 });
    const first = await open(edge, 'chat.42');
    await first.end();
    clock.advance(61_000);
    const again = await open(edge, 'chat.42', first.lastEventId);
    expect(again.status).toBe(200);
    await again.event('hub.live');
    expect(names(again)).toEqual(['hub.hello', 'hub.gap', 'hub.live']);
    expect(await controlOf(again, 'hub.gap')).toMatchObject({ from: first.lastEventId, reason: 'expired' });
    expect((await controlOf(again, 'hub.hello')).resumed).toBe(false);
    await publishAnswer(edge, 'chat.42', ['anew']);
    await again.end();
    expect(payloads(again)).toEqual(['anew', 'done']);
  });

  it('section 6: the same where the final event was evicted by size', async () => {
    const edge = await startEdge({ historyMaxBytes: 4_000, settings: { ringMaxBytes: 2_000 } });
    await publishAnswer(edge, 'chat.42', ['one']);
    const first = await open(edge, 'chat.42');
    await first.end();
    for (let place = 0; place < 100; place += 1) await edge.publish('other', `${place}`);
    const again = await open(edge, 'chat.42', first.lastEventId);
    expect(again.status).toBe(200);
    await again.event('hub.live');
    expect((await controlOf(again, 'hub.gap')).reason).toBe('expired');
  });

  it('section 4: a cursor that is none of ours is no 204: hub.gap reset, and it is over as the topic is', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one']);
    const client = await open(edge, 'chat.42', 'garbage');
    expect(client.status).toBe(200);
    await client.end();
    expect(names(client).slice(0, 2)).toEqual(['hub.hello', 'hub.gap']);
    expect((await open(edge, 'chat.42', client.lastEventId)).status).toBe(204);
  });

  it('a final event that is live only does not end it, since history will never hold it', async () => {
    const edge = await startEdge();
    const client = await open(edge, 'chat.42');
    await client.event('hub.live');
    await edge.publish('chat.42', 'live only', { final: true, store: false });
    expect(await payloadsBeforeMarker(edge, client, 'chat.42')).toEqual(['live only']);
  });

  it('a final event ends it also for the session that must not get the event', async () => {
    const edge = await startEdge();
    const client = await open(edge, 'chat.42');
    await client.event('hub.live');
    await edge.publish('chat.42', 'mine', { final: true, exclude: String(client.headers['tidings-session']) });
    await client.end();
    expect(payloads(client)).toEqual([]);
    expect((await controlOf(client, 'hub.bye')).reason).toBe('final');
  });

  it('a final event means nothing to a stream that is not finite', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=chat.42');
    await client.event('hub.live');
    await edge.publish('chat.42', 'done', { final: true });
    expect(await payloadsBeforeMarker(edge, client, 'chat.42')).toEqual(['done']);
  });

  it.each(['topic=chat.*', 'topic=a&topic=chat.%3E', ''])(
    'section 4: until=final takes no patterns and no default: %j is 422',
    async (query) => {
      const edge = await startEdge();
      const answer = await edge.get(`/v1/stream?until=final&${query}`);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code: 'invalid-field', parameter: 'until' });
    },
  );

  it('section 6: replay=all is implied, and another replay may be asked for', async () => {
    const edge = await startEdge();
    await publishAnswer(edge, 'chat.42', ['one', 'two']);
    const client = await edge.stream('topic=chat.42&until=final&replay=last');
    await client.end();
    expect(payloads(client)).toEqual(['done']);
    const none = await edge.stream('topic=chat.42&until=final&replay=none');
    await none.end();
    expect(names(none)).toEqual(['hub.hello', 'hub.live', 'hub.bye']);
  });

  it('an answer of megabytes that is being written arrives whole at many readers, and all of them end', async () => {
    const edge = await startEdge({ settings: { ringMaxBytes: 1_000_000 } });
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const expected = Array.from({ length: 400 }, (_, place) => `${place} ${'x'.repeat(5_000)}`);
    const clients: Promise<StreamClient>[] = [];
    for (const [place, text] of expected.entries()) {
      if (place % 50 === 0) clients.push(edge.stream('topic=log&until=final', { headers }));
      await edge.publish('log', text, { final: place === expected.length - 1 });
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const client of await Promise.all(clients)) {
      await client.end();
      expect(payloads(client)).toEqual(expected);
      expect(names(client).at(-1)).toBe('hub.bye');
    }
    await eventually(() => edge.edge.openStreams === 0);
  });

  it('section 6: its reconnect is looked up once, before the head, and what was found is not looked up again', async () => {
    let reads = 0;
    const edge = await startEdge({
      wrapBroker: (broker) =>
        overriding(broker, {
          latest(selection, range, signal) {
            reads += 1;
            return broker.latest(selection, range, signal);
          },
        }),
    });
    const { epoch, seq } = await edge.publish('chat.42', 'one');
    const client = await open(edge, 'chat.42', encodeCursor(epoch, seq));
    await client.event('hub.live');
    expect(reads).toBe(1);
    await publishAnswer(edge, 'chat.42', ['two']);
    await client.end();
    expect(payloads(client)).toEqual(['two', 'done']);
    expect((await open(edge, 'chat.42', client.lastEventId)).status).toBe(204);
    expect(reads).toBe(2);
  });

  it.each([
    ['the final event', true, ['hub.hello', 'hub.live', 'hub.bye']],
    ['the one that reopened the topic', false, ['hub.hello', 'hub.live', 'message']],
  ])(
    'section 6: an edge that was not fed yet %s, which the client has, waits until it was',
    async (_what, final, expected) => {
      const feed = createHeldFeed();
      const edge = await startEdge({ wrapBroker: feed.wrap });
      await edge.publish('chat.42', 'first', { final: !final });
      feed.hold();
      const { epoch, seq } = await edge.publish('chat.42', 'second', { final });
      const client = await open(edge, 'chat.42', encodeCursor(epoch, seq));
      expect(client.status).toBe(200);
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(names(client)).toEqual([]);
      feed.release();
      await client.event('hub.live');
      if (!final) await edge.publish('chat.42', 'third');
      await client.until(() => names(client).length === 3);
      expect(names(client)).toEqual(expected);
      expect((await controlOf(client, 'hub.hello')).resumed).toBe(true);
    },
  );

  it('an edge that begins to drain while a finished stream is looked up opens no stream that nobody sends away', async () => {
    let release = (): void => {};
    let reached = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const edge = await startEdge({
      wrapBroker: (broker) => ({
        ...broker,
        get epoch() {
          return broker.epoch;
        },
        async *latest(selection, range, signal) {
          reached();
          await gate;
          yield* broker.latest(selection, range, signal);
        },
      }),
    });
    const { epoch, seq } = await edge.publish('chat.42', 'one');
    const opening = open(edge, 'chat.42', encodeCursor(epoch, seq));
    await asked;
    edge.edge.drain();
    release();
    const client = await opening;
    expect(client.status).toBe(503);
    expect(edge.edge.openStreams).toBe(0);
  });
});
