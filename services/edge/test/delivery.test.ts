import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startEdge } from './fixture.ts';
import { names, payloads, payloadsBeforeMarker, payloadsUntil, placeOf } from './received.ts';

describe('what a stream carries', () => {
  it('section 4: data is the payload verbatim, named events have an event: line, unnamed ones none', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', { state: 'shipped' }, { event: 'status' });
    await edge.publish('a', ' text with a space before it');
    await edge.publish('a', '');
    await payloadsBeforeMarker(edge, client, 'a');
    expect(client.text).toMatch(
      /\n\nevent: status\nid: \S+\ndata: \{"state":"shipped"\}\n\nid: \S+\ndata: {2}text with/,
    );
    expect(payloads(client).slice(0, 3)).toEqual(['{"state":"shipped"}', ' text with a space before it', '']);
  });

  it.each([
    ['\r\n\r\nevent: evil', '\n\nevent: evil'],
    ['\ndata:', '\ndata:'],
    ['lone\rCR', 'lone\nCR'],
    ['next\u0085line\u2028sep\u2029par', 'next\u0085line\u2028sep\u2029par'],
    ['\n'.repeat(10_000), '\n'.repeat(10_000)],
    ['😀 é \0 \ufeff', '😀 é \0 \ufeff'],
    [': comment\nid: 1\nretry: 1', ': comment\nid: 1\nretry: 1'],
  ])('section 4: a payload %j arrives as the same text, as one event', async (payload, expected) => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', payload);
    expect(await payloadsBeforeMarker(edge, client, 'a')).toEqual([expected]);
    expect(client.retries).toHaveLength(1);
  });

  it('section 4: format=envelope puts the JSON of section 5 under the same event: line, numbers and strings exact', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 21, 8, 0, 0, 123));
    const edge = await startEdge({ clock });
    const client = await edge.stream('topic=a.*&format=envelope');
    await client.event('hub.live');
    const exact = '{"big":9007199254740993,"small":1e-400,"negative":-0,"text":"\\u00e9"}';
    await edge.publish('a.1', exact, { json: true, event: 'status' });
    await edge.publish('a.2', 'line one\r\nline "two"');
    await edge.publish('a.1', 'not stored', { store: false });
    await client.until(() => client.published().length === 3);
    const [json, text, live] = client.published();
    expect(json?.event).toBe('status');
    expect(json?.data).toBe(
      `{"id":"${json?.lastEventId}","topic":"a.1","event":"status","time":"2026-11-21T08:00:00.123Z","data":${exact}}`,
    );
    expect(JSON.parse(text?.data ?? '')).toEqual({
      id: text?.lastEventId,
      topic: 'a.2',
      time: '2026-11-21T08:00:00.123Z',
      data: 'line one\r\nline "two"',
    });
    expect(JSON.parse(live?.data ?? '')).toEqual({
      topic: 'a.1',
      time: '2026-11-21T08:00:00.123Z',
      data: 'not stored',
    });
  });

  it('section 5: exclude keeps an event from one session and from no other', async () => {
    const edge = await startEdge();
    const [sender, other] = await Promise.all([edge.stream('topic=a'), edge.stream('topic=a')]);
    await Promise.all([sender.event('hub.live'), other.event('hub.live')]);
    await edge.publish('a', 'for others', { exclude: String(sender.headers['tidings-session']) });
    await edge.publish('a', 'for all', { exclude: 'no such session' });
    expect(await payloadsBeforeMarker(edge, sender, 'a')).toEqual(['for all']);
    expect((await payloadsUntil(other, payloads(sender).at(-1) as string)).slice(0, 2)).toEqual([
      'for others',
      'for all',
    ]);
  });

  it('section 5: store:false is live only: no id, no history, and the cursor does not move', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    await edge.publish('a', 'stored');
    await edge.publish('a', 'typing', { store: false, event: 'typing' });
    await client.until(() => payloads(client).length === 2);
    expect(client.text).toContain('\n\nevent: typing\ndata: typing\n\n');
    expect(client.lastEventId).toBe(client.published()[0]?.lastEventId);
    const late = await edge.stream('topic=a&replay=all');
    expect(await payloadsBeforeMarker(edge, late, 'a')).toEqual(['stored']);
    const page = await (await edge.get('/v1/topics/a/events')).json();
    expect(page.events.map(({ data }: { data: string }) => data)).not.toContain('typing');
  });

  it('section 5: an event is gone from replay and history once its ttl is over, and not before', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    await edge.publish('a', 'short', { ttlSec: 60 });
    await edge.publish('a', 'long');
    const replay = async (): Promise<string[]> => {
      const client = await edge.stream('topic=a&replay=all');
      await client.event('hub.live');
      return payloads(client);
    };
    clock.advance(59_999);
    expect(await replay()).toEqual(['short', 'long']);
    clock.advance(1);
    expect(await replay()).toEqual(['long']);
    expect((await (await edge.get('/v1/topics/a/events')).json()).events).toHaveLength(1);
  });

  it('section 4: overlapping patterns and repeated topics give one delivery of each event', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a.*&topic=a.b&topic=a.%3E&topic=%3E&topic=a.b&topic=*.b');
    await client.event('hub.live');
    await edge.publish('a.b', 'one');
    await edge.publish('a.b', 'live only', { store: false });
    await edge.publish('a.b', 'two');
    expect(await payloadsBeforeMarker(edge, client, 'a.b')).toEqual(['one', 'live only', 'two']);
  });

  it('section 2: * is exactly one token and > one or more', async () => {
    const edge = await startEdge();
    const star = await edge.stream('topic=a.*');
    const tail = await edge.stream('topic=a.%3E');
    await Promise.all([star.event('hub.live'), tail.event('hub.live')]);
    for (const topic of ['a', 'a.b', 'a.b.c', 'ab', 'b.a', 'a.b.c.d', 'A.b']) await edge.publish(topic, topic);
    expect(await payloadsBeforeMarker(edge, star, 'a.end')).toEqual(['a.b']);
    expect((await payloadsUntil(tail, payloads(star).at(-1) as string)).slice(0, -1)).toEqual([
      'a.b',
      'a.b.c',
      'a.b.c.d',
    ]);
  });

  it('section 1: nothing crosses from one tenant to another, live, in replay or in history', async () => {
    const edge = await startEdge();
    const headersOf = async (tenant?: string): Promise<{ authorization: string }> => ({
      authorization: `Bearer ${await edge.token({ subscribe: ['>'] }, tenant === undefined ? {} : { tenant })}`,
    });
    for (const tenant of ['default', 'acme', 'acme2']) await edge.publish('a.b', `old ${tenant}`, { tenant });
    const clients = await Promise.all(
      [undefined, 'acme'].map(async (tenant) =>
        edge.stream('topic=%3E&topic=a.b&replay=all', { headers: await headersOf(tenant) }),
      ),
    );
    await Promise.all(clients.map((client) => client.event('hub.live')));
    for (const tenant of ['acme2', 'acme', 'default']) {
      await edge.publish('a.b', `new ${tenant}`, { tenant });
      await edge.publish('a.b', `live ${tenant}`, { tenant, store: false });
    }
    const [ours, theirs] = clients;
    if (ours === undefined || theirs === undefined) throw new Error('two clients were opened');
    expect(await payloadsUntil(ours, 'live default')).toEqual(['old default', 'new default', 'live default']);
    expect(await payloadsUntil(theirs, 'live acme')).toEqual(['old acme', 'new acme', 'live acme']);
    const page = await (await edge.get('/v1/topics/%3E/events', await headersOf('acme'))).json();
    expect(page.events.map(({ data }: { data: string }) => data)).toEqual(['old acme', 'new acme']);
  });

  it('events of several topics come in the order in which they were published', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=%3E');
    await client.event('hub.live');
    const texts = Array.from({ length: 500 }, (_, place) => `${place}`);
    await Promise.all(texts.map((text) => edge.publish(`t.${Number(text) % 7}`, text)));
    expect(await payloadsBeforeMarker(edge, client, 'end')).toEqual(texts);
    const places = client.published().map(({ lastEventId }) => placeOf(lastEventId));
    expect(places).toEqual([...places].sort((one, two) => one - two));
  });

  it('a burst to many streams goes out to each as one piece, and each gets all of it', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const clients = await Promise.all(Array.from({ length: 50 }, () => edge.stream('topic=a', { headers })));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    for (let place = 0; place < 20; place += 1) await edge.publish('a', `${place}`);
    await edge.publish('a', 'the end');
    for (const client of clients) expect(await payloadsUntil(client, 'the end')).toHaveLength(21);
    expect(names(clients[0] as never)).not.toContain('hub.gap');
    expect((await edge.metrics.eventsDelivered.get()).values[0]?.value).toBe(50 * 21);
  });
});
