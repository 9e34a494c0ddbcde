import { encodeCursor } from '@tidings/protocol';
import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createHeldFeed } from './broker-stand-in.ts';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker, payloadsUntil, placeOf } from './received.ts';

async function resume(edge: TestEdge, query: string, cursor: string): Promise<StreamClient> {
  return edge.stream(query, { headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': cursor } });
}

async function publishMany(edge: TestEdge, topic: string, count: number, prefix = 'event'): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, place) => `${prefix} ${place}`);
  for (const text of texts) await edge.publish(topic, text);
  return texts;
}

async function sourcesOf(edge: TestEdge): Promise<Record<string, number>> {
  const { values } = await edge.metrics.resumes.get();
  return Object.fromEntries(values.map(({ labels, value }) => [labels.source, value]));
}

describe('resuming with a cursor', () => {
  it('section 4: a client that comes back with its last id gets everything after it once, then lives on', async () => {
    const edge = await startEdge({ feed: 'all' });
    const first = await edge.stream('topic=a');
    await first.event('hub.live');
    await publishMany(edge, 'a', 3, 'before');
    await payloadsUntil(first, 'before 2');
    first.destroy();
    const missed = await publishMany(edge, 'a', 5, 'missed');
    const again = await resume(edge, 'topic=a', first.lastEventId);
    expect(await payloadsBeforeMarker(edge, again, 'a')).toEqual(missed);
    expect(names(again).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live']);
    expect((await sourcesOf(edge)).ring).toBe(1);
  });

  it('section 4: hello says resumed and carries the cursor that was given', async () => {
    const edge = await startEdge();
    const { epoch, seq } = await edge.publish('a', 'one');
    await edge.publish('a', 'two');
    const cursor = encodeCursor(epoch, seq);
    const client = await resume(edge, 'topic=a', cursor);
    const hello = await client.event('hub.hello');
    expect(JSON.parse(hello.data).resumed).toBe(true);
    expect(hello.lastEventId).toBe(cursor);
  });

  it('section 4: hub.live comes once, after the whole replay and before what is live', async () => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('a', 'zero');
    await publishMany(edge, 'a', 20);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    await client.event('hub.live');
    await edge.publish('a', 'live');
    await payloadsUntil(client, 'live');
    expect(names(client)).toEqual(['hub.hello', ...Array(20).fill('message'), 'hub.live', 'message']);
  });

  it('section 4: last_event_id is for clients that can not send the header; the header wins, an empty one counts as none', async () => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('a', 'one');
    await edge.publish('a', 'two');
    await edge.publish('a', 'three');
    const [one, two] = [encodeCursor(epoch, 1), encodeCursor(epoch, 2)];
    const byParameter = await edge.stream(`topic=a&last_event_id=${two}`);
    await byParameter.event('hub.live');
    expect(payloads(byParameter)).toEqual(['three']);
    const byBoth = await resume(edge, `topic=a&last_event_id=${two}`, one);
    await byBoth.event('hub.live');
    expect(payloads(byBoth)).toEqual(['two', 'three']);
    const emptyHeader = await resume(edge, `topic=a&last_event_id=${two}`, '');
    await emptyHeader.event('hub.live');
    expect(payloads(emptyHeader)).toEqual(['three']);
    const bothEmpty = await resume(edge, 'topic=a&last_event_id=', '');
    await bothEmpty.event('hub.live');
    expect(names(bothEmpty)).toEqual(['hub.hello', 'hub.live']);
    expect((await controlOf(bothEmpty, 'hub.hello')).resumed).toBe(false);
  });

  it('section 4: who drops before the first event resumes exactly from the id of hello', async () => {
    const edge = await startEdge();
    await edge.publish('a', 'long before');
    const first = await edge.stream('topic=a');
    const hello = await first.event('hub.hello');
    first.destroy();
    const missed = await publishMany(edge, 'a', 3, 'missed');
    const again = await resume(edge, 'topic=a', hello.lastEventId);
    expect(await payloadsBeforeMarker(edge, again, 'a')).toEqual(missed);
  });

  it('section 4: the id of hello resumes a replay exactly that was cut before its first event', async () => {
    const edge = await startEdge();
    await edge.publish('other', 'not mine');
    const kept = await publishMany(edge, 'a', 5);
    const first = await edge.stream('topic=a&replay=3');
    const hello = await first.event('hub.hello');
    const again = await resume(edge, 'topic=a', hello.lastEventId);
    await again.event('hub.live');
    expect(payloads(again)).toEqual(kept.slice(2));
  });

  it('section 4: a cursor covers all topics, so the same one resumes any selection', async () => {
    const edge = await startEdge();
    const { epoch, seq } = await edge.publish('a.1', 'seen');
    const missed: string[] = [];
    for (const topic of ['a.1', 'b', 'a.2', 'c.d.e', 'b']) {
      const text = `${topic} missed`;
      await edge.publish(topic, text);
      missed.push(text);
    }
    const all = await resume(edge, 'topic=%3E', encodeCursor(epoch, seq));
    await all.event('hub.live');
    expect(payloads(all)).toEqual(missed);
    const some = await resume(edge, 'topic=a.*&topic=c.%3E', encodeCursor(epoch, seq));
    await some.event('hub.live');
    expect(payloads(some)).toEqual(['a.1 missed', 'a.2 missed', 'c.d.e missed']);
  });

  it('section 4: the cursor wins over replay', async () => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('a', 'zero');
    const texts = await publishMany(edge, 'a', 4);
    for (const replay of ['all', 'last', 'none', '2', '2020-01-01T00:00:00Z']) {
      const client = await resume(edge, `topic=a&replay=${replay}`, encodeCursor(epoch, 2));
      await client.event('hub.live');
      expect(payloads(client), replay).toEqual(texts.slice(1));
    }
  });

  it('every event of a stream carries its own cursor, and any of them resumes right after it', async () => {
    const edge = await startEdge();
    const texts = await publishMany(edge, 'a', 6);
    const all = await edge.stream('topic=a&replay=all');
    await all.event('hub.live');
    const places = all.published().map(({ lastEventId }) => placeOf(lastEventId));
    expect(places).toEqual([...new Set(places)].sort((one, two) => one - two));
    for (const [place, event] of all.published().entries()) {
      expect(event.lastEventId.length).toBeLessThanOrEqual(128);
      const client = await resume(edge, 'topic=a', event.lastEventId);
      await client.event('hub.live');
      expect(payloads(client)).toEqual(texts.slice(place + 1));
    }
  });

  it('section 4: beyond the ring the resume is served from history, and is just as exact', async () => {
    const edge = await startEdge({ settings: { ringMaxBytes: 5_000 } });
    const { epoch } = await edge.publish('a', 'zero');
    const texts = await publishMany(edge, 'a', 3_000);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(texts);
    expect(names(client).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live']);
    expect((await sourcesOf(edge)).history).toBe(1);
  });

  it('section 4: events that expired by ttl are simply not there', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const { epoch } = await edge.publish('a', 'kept 0');
    await edge.publish('a', 'short', { ttlSec: 10 });
    await edge.publish('a', 'kept 1');
    clock.advance(10_000);
    for (const query of ['topic=a', 'topic=%3E']) {
      const client = await resume(edge, query, encodeCursor(epoch, 1));
      await client.event('hub.live');
      expect(payloads(client)).toEqual(['kept 1']);
      expect(names(client)).not.toContain('hub.gap');
    }
  });
});

describe('a resume that can not be exact says so', () => {
  it('section 4: a cursor older than history gets hub.gap expired right after hello, then what is kept', async () => {
    const edge = await startEdge({ historyMaxBytes: 5_000, settings: { ringMaxBytes: 2_000 } });
    const { epoch } = await edge.publish('a', 'zero');
    const texts = await publishMany(edge, 'a', 100);
    const from = encodeCursor(epoch, 1);
    const client = await resume(edge, 'topic=a', from);
    const got = await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client).slice(0, 2)).toEqual(['hub.hello', 'hub.gap']);
    const gap = await client.event('hub.gap');
    const { to, ...rest } = JSON.parse(gap.data);
    expect(rest).toEqual({ from, reason: 'expired' });
    expect(gap.lastEventId).toBe(to);
    expect(client.events[0]?.lastEventId).toBe(to);
    expect((await controlOf(client, 'hub.hello')).resumed).toBe(false);
    expect(got.length).toBeGreaterThan(5);
    expect(got).toEqual(texts.slice(-got.length));
    expect(placeOf(to)).toBe(101 - got.length);
    expect(names(client).filter((name) => name === 'hub.live')).toHaveLength(1);
    expect((await sourcesOf(edge)).gap).toBe(1);
  });

  it('section 4: the oldest cursor that history still covers is no gap', async () => {
    const edge = await startEdge({ historyMaxBytes: 5_000, settings: { ringMaxBytes: 2_000 } });
    const { epoch } = await edge.publish('a', 'zero');
    await publishMany(edge, 'a', 100);
    const { first } = await edge.broker.bounds();
    const exact = await resume(edge, 'topic=a', encodeCursor(epoch, first - 1));
    await exact.event('hub.live');
    expect(names(exact)).not.toContain('hub.gap');
    const over = await resume(edge, 'topic=a', encodeCursor(epoch, first - 2));
    await over.event('hub.live');
    expect(names(over).slice(0, 2)).toEqual(['hub.hello', 'hub.gap']);
    expect((await controlOf(over, 'hub.hello')).resumed).toBe(false);
    expect(over.events[0]?.lastEventId).toBe(encodeCursor(epoch, first - 1));
    expect(payloads(over)).toEqual(payloads(exact));
  });

  const foreign = encodeCursor('anotherlog', 3);
  it.each([
    ['of another epoch', foreign],
    ['of another epoch, far ahead', encodeCursor('anotherlog', Number.MAX_SAFE_INTEGER)],
    ['garbage', 'garbage'],
    ['cut', foreign.slice(0, -1)],
    ['with a wrong checksum', `${foreign.slice(0, -1)}${foreign.endsWith('0') ? '1' : '0'}`],
    ['10 KB', 'x'.repeat(10_240)],
    ['latin1 that was an emoji', Buffer.from('😀').toString('latin1')],
    ['negative', '-1'],
    ['a number', '42'],
    ['a quote and a brace', '"}{'],
    ['two headers in one', `${foreign}, ${foreign}`],
  ])('section 4: a cursor that is %s gets hub.gap reset, then what is live', async (_what, cursor) => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('a', 'old');
    const client = await resume(edge, 'topic=a', cursor);
    expect(client.status).toBe(200);
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual([]);
    expect(names(client)).toEqual(['hub.hello', 'hub.gap', 'hub.live', 'message']);
    expect(await controlOf(client, 'hub.gap')).toEqual({
      from: cursor.slice(0, 128),
      to: encodeCursor(epoch, 1),
      reason: 'reset',
    });
    expect((await controlOf(client, 'hub.hello')).resumed).toBe(false);
  });

  it.each([
    ['an emoji', '😀'],
    ['a line feed', 'a\n\nevent: evil\ndata: x\n\n'],
    ['a NUL', '\0'],
    ['emojis beyond the longest cursor', `a${'😀'.repeat(200)}`],
  ])('section 4: %s as last_event_id gets hub.gap reset and injects nothing', async (_what, cursor) => {
    const edge = await startEdge();
    const client = await edge.stream(`topic=a&last_event_id=${encodeURIComponent(cursor)}`);
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual([]);
    expect(names(client)).toEqual(['hub.hello', 'hub.gap', 'hub.live', 'message']);
    expect((await controlOf(client, 'hub.gap')).reason).toBe('reset');
  });

  it('section 4: a cursor of the future or cut in the middle is a reset, and loses nothing that comes', async () => {
    const edge = await startEdge();
    const { epoch } = await edge.publish('a', 'old');
    const cut = encodeCursor(epoch, 1).slice(0, -2);
    for (const cursor of [encodeCursor(epoch, 2), encodeCursor(epoch, Number.MAX_SAFE_INTEGER), cut]) {
      const client = await resume(edge, 'topic=a', cursor);
      expect((await controlOf(client, 'hub.gap')).reason).toBe('reset');
      await client.event('hub.live');
    }
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 5));
    await client.event('hub.live');
    await edge.publish('a', 'new');
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(['new']);
  });

  it('section 4: another tenant’s cursor is as good as one’s own, and shows nothing of theirs', async () => {
    const edge = await startEdge();
    const { epoch, seq } = await edge.publish('a', 'theirs 1', { tenant: 'acme' });
    await edge.publish('a', 'theirs 2', { tenant: 'acme' });
    await edge.publish('a', 'mine');
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, seq));
    await client.event('hub.live');
    expect(payloads(client)).toEqual(['mine']);
  });
});

describe('what moves while a stream catches up', () => {
  it('a ring that is overrun between two of its pages loses nothing', async () => {
    // Pages are a megabyte by the ring's own count: each turn of this test evicts several of them.
    const edge = await startEdge({
      settings: { ringMaxBytes: 8_000_000, lagMaxBytes: 500_000_000 },
      historyMaxBytes: 400_000_000,
    });
    const filler = 'x'.repeat(100_000);
    const { epoch } = await edge.publish('a', 'zero');
    const expected: string[] = [];
    const burst = async (count: number): Promise<void> => {
      for (let each = 0; each < count; each += 1) {
        const text = `${expected.length} ${filler}`;
        expected.push(text);
        await edge.publish('a', text);
      }
    };
    await burst(50);
    const oldest = Math.max(1, 51 - 39);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, oldest));
    for (let turn = 0; turn < 12; turn += 1) {
      await burst(35);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await edge.publish('a', 'the end');
    const got = (await payloadsUntil(client, 'the end')).slice(0, -1).map((text) => Number.parseInt(text, 10));
    expect(names(client)).not.toContain('hub.gap');
    expect(got).toEqual(expected.slice(oldest - 1).map((_, place) => place + oldest - 1));
  });

  it('history that is evicted while it is read is told by hub.gap, and nothing is lost without one', async () => {
    const edge = await startEdge({ historyMaxBytes: 3_000_000, settings: { ringMaxBytes: 100_000 } });
    const filler = 'x'.repeat(1_000);
    const { epoch } = await edge.publish('a', 'zero');
    let count = 0;
    const burst = async (size: number): Promise<void> => {
      for (let each = 0; each < size; each += 1) {
        await edge.publish('a', `${count} ${filler}`);
        count += 1;
      }
    };
    await burst(2_000);
    const client = await resume(edge, 'topic=a', encodeCursor(epoch, 1));
    await client.event('hub.hello');
    client.pause();
    await burst(20_000);
    client.resume();
    await edge.publish('a', 'the end');
    await payloadsUntil(client, 'the end');
    let place = placeOf(client.events[0]?.lastEventId ?? '');
    let gaps = 0;
    for (const { event, data, lastEventId } of client.events.slice(1)) {
      if (event === 'hub.live') continue;
      if (event === 'hub.gap') {
        const gap = JSON.parse(data);
        expect(placeOf(gap.from)).toBe(place);
        expect(gap.reason).toBe('expired');
        gaps += 1;
      } else {
        expect(placeOf(lastEventId)).toBe(place + 1);
      }
      place = placeOf(lastEventId);
    }
    expect(gaps).toBeGreaterThan(0);
    expect(place).toBe(count + 2);
  });

  it.each([
    ['that catches up while it waits', 5_000],
    ['that does not wait', 0],
  ])(
    'a cursor from an edge that was fed further is honoured without a second delivery by one %s',
    async (_what, aheadWaitMs) => {
      const clock = createFakeClock();
      const feed = createHeldFeed();
      const edge = await startEdge({ clock, wrapBroker: feed.wrap, aheadWaitMs });
      await edge.publish('a', 'fed');
      feed.hold();
      await edge.publish('a', 'seen elsewhere 1');
      const { epoch, seq } = await edge.publish('a', 'seen elsewhere 2');
      await edge.publish('a', 'seen by nobody');
      const client = await resume(edge, 'topic=a', encodeCursor(epoch, seq));
      await eventually(() => edge.edge.openStreams === 1);
      if (aheadWaitMs === 0) await client.event('hub.hello');
      feed.release();
      clock.advance(1_000);
      expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual(['seen by nobody']);
      expect(names(client)).not.toContain('hub.gap');
      expect((await controlOf(client, 'hub.hello')).resumed).toBe(true);
      const places = client.events.map(({ lastEventId }) => placeOf(lastEventId));
      expect(places).toEqual([...places].sort((one, two) => one - two));
    },
  );
});
