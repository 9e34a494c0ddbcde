import type { Range } from '@tidings/broker';
import { encodeCursor } from '@tidings/protocol';
import { createFakeClock, request, sendRaw } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createHeldFeed, overriding } from './broker-stand-in.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { names, payloads, payloadsBeforeMarker, placeOf } from './received.ts';

interface Page {
  readonly events: { readonly id: string; readonly topic: string; readonly data: unknown }[];
  readonly next: string;
}

async function read(edge: TestEdge, topic: string, query = ''): Promise<Page> {
  const answer = await edge.get(`/v1/topics/${encodeURIComponent(topic)}/events?${query}`);
  expect(answer.status).toBe(200);
  return answer.json();
}

const dataOf = ({ events }: Page): unknown[] => events.map(({ data }) => data);

async function seed(edge: TestEdge, count: number): Promise<void> {
  for (let place = 0; place < count; place += 1) await edge.publish(['a.1', 'b', 'a.2'][place % 3] as string, place);
}

describe('reading history', () => {
  it('section 7: oldest first, in the envelope of section 5, with a next that is always a cursor', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 21, 8, 0, 0, 7));
    const edge = await startEdge({ clock });
    const { epoch } = await edge.publish('a', { state: 'shipped' }, { event: 'status' });
    await edge.publish('other', 'x');
    await edge.publish('a', 'text');
    await edge.publish('other', 'x');
    const answer = await edge.get('/v1/topics/a/events');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const time = '2026-11-21T08:00:00.007Z';
    expect(await answer.json()).toEqual({
      events: [
        { id: encodeCursor(epoch, 1), topic: 'a', event: 'status', time, data: { state: 'shipped' } },
        { id: encodeCursor(epoch, 3), topic: 'a', time, data: 'text' },
      ],
      next: encodeCursor(epoch, 4),
    });
    expect(await read(edge, 'nothing')).toEqual({ events: [], next: encodeCursor(epoch, 4) });
  });

  it('section 7: JSON payloads keep the exact text of their numbers', async () => {
    const edge = await startEdge();
    const exact = '{"big":9007199254740993,"e":1E400,"zero":-0.0,"list":[1.10]}';
    await edge.publish('a', exact, { json: true });
    const text = await (await edge.get('/v1/topics/a/events')).text();
    expect(text).toContain(`"data":${exact}}`);
  });

  it.each([
    ['a.*', [0, 2, 3, 5, 6, 8]],
    ['a.1', [0, 3, 6]],
    ['>', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['*', [1, 4, 7]],
    ['c', []],
  ])('section 7: patterns are allowed: %s', async (pattern, expected) => {
    const edge = await startEdge();
    await seed(edge, 9);
    expect(dataOf(await read(edge, pattern))).toEqual(expected);
  });

  it.each([1, 2, 3, 7, 100])('section 7: paging by %i to the end gives everything once', async (limit) => {
    const edge = await startEdge();
    await seed(edge, 30);
    const all: unknown[] = [];
    let after = '';
    for (let pages = 0; pages < 50; pages += 1) {
      const page = await read(edge, 'a.*', `limit=${limit}${after}`);
      expect(page.events.length).toBeLessThanOrEqual(limit);
      all.push(...dataOf(page));
      if (page.events.length === 0) break;
      after = `&after=${page.next}`;
    }
    expect(all).toEqual(Array.from({ length: 30 }, (_, place) => place).filter((place) => place % 3 !== 1));
  });

  it('section 7: the limit is 100 unless it is given, and at most 1,000', async () => {
    const edge = await startEdge();
    await seed(edge, 3_300);
    expect((await read(edge, '>')).events).toHaveLength(100);
    expect((await read(edge, '>', 'limit=1000')).events).toHaveLength(1_000);
    const page = await read(edge, '>', 'limit=1');
    expect(placeOf(page.next)).toBe(1);
  });

  it.each(['0', '1001', '-1', '1.5', 'ten', '', '1e2', '99999', '1&limit=2'])(
    'section 7: limit=%s is 422',
    async (limit) => {
      const edge = await startEdge();
      const answer = await edge.get(`/v1/topics/a/events?limit=${limit}`);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code: 'invalid-field', parameter: 'limit' });
    },
  );

  it('a page of large events ends early, and next goes on exactly there', async () => {
    const edge = await startEdge();
    const filler = 'x'.repeat(200_000);
    for (let place = 0; place < 60; place += 1) await edge.publish('a', `${place} ${filler}`);
    const got: number[] = [];
    let after = '';
    let pages = 0;
    for (; ; pages += 1) {
      const page = await read(edge, 'a', `limit=1000${after}`);
      if (page.events.length === 0) break;
      got.push(...page.events.map(({ data }) => Number.parseInt(String(data), 10)));
      after = `&after=${page.next}`;
    }
    expect(pages).toBeGreaterThan(1);
    expect(got).toEqual(Array.from({ length: 60 }, (_, place) => place));
  });

  it('section 7: next resumes a stream too, and so does the id of any event', async () => {
    const edge = await startEdge();
    await seed(edge, 6);
    const page = await read(edge, 'a.*', 'limit=2');
    for (const cursor of [page.next, page.events[1]?.id ?? '']) {
      const client = await edge.stream(`topic=a.*&last_event_id=${cursor}`);
      await client.event('hub.live');
      expect(payloads(client).map(Number)).toEqual([3, 5]);
      expect(names(client)).not.toContain('hub.gap');
    }
  });

  it.each(['garbage', '', '-1', '42', '😀', 'x'.repeat(10_000), '%00'])(
    'section 7: a malformed after (%j) is 422',
    async (after) => {
      const edge = await startEdge();
      const answer = await edge.get(
        `/v1/topics/a/events?after=${after.startsWith('%') ? after : encodeURIComponent(after)}`,
      );
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code: 'invalid-cursor', parameter: 'after' });
    },
  );

  it('section 7: an after of another epoch, of the future or older than what is kept is 410', async () => {
    const edge = await startEdge({ historyMaxBytes: 3_000 });
    const { epoch } = await edge.publish('a', 'zero');
    await seed(edge, 100);
    const { first, last } = await edge.broker.bounds();
    const statusOf = async (after: string): Promise<number> =>
      (await edge.get(`/v1/topics/a/events?after=${after}`)).status;
    expect(await statusOf(encodeCursor('anotherlog', 50))).toBe(410);
    expect(await statusOf(encodeCursor(epoch, last + 1))).toBe(410);
    expect(await statusOf(encodeCursor(epoch, 1))).toBe(410);
    expect(await statusOf(encodeCursor(epoch, first - 2))).toBe(410);
    expect(await statusOf(encodeCursor(epoch, first - 1))).toBe(200);
    expect(await statusOf(encodeCursor(epoch, last))).toBe(200);
    const answer = await edge.get(`/v1/topics/a/events?after=${encodeCursor(epoch, 1)}`);
    expect((await answer.json()).code).toBe('cursor-gone');
    // Without a cursor a read begins with what is kept.
    expect(placeOf((await read(edge, '>')).events[0]?.id ?? '')).toBe(first);
  });

  it('section 7: an after that this edge was not fed yet is fine where the log has it: nothing came after it so far', async () => {
    const feed = createHeldFeed();
    const asked: Range[] = [];
    const edge = await startEdge({
      wrapBroker: (broker) =>
        overriding(feed.wrap(broker), {
          history(selection, range, signal) {
            asked.push(range);
            return broker.history(selection, range, signal);
          },
        }),
    });
    await edge.publish('a', 'fed');
    feed.hold();
    const { epoch, seq } = await edge.publish('a', 'seen elsewhere');
    expect(await read(edge, 'a', `after=${encodeCursor(epoch, seq)}`)).toEqual({
      events: [],
      next: encodeCursor(epoch, seq),
    });
    feed.release();
    expect(dataOf(await read(edge, 'a', `after=${encodeCursor(epoch, 1)}`))).toEqual(['seen elsewhere']);
    // No broker is asked for what it has not fed.
    expect(asked).toEqual([{ after: 1, upTo: 2 }]);
  });

  it('section 7: reading needs the same right as subscribing', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token({ subscribe: ['orders.*'] })}` };
    expect((await edge.get('/v1/topics/orders.1/events', headers)).status).toBe(200);
    expect((await edge.get('/v1/topics/user.alice/events', headers)).status).toBe(200);
    for (const topic of ['orders', 'orders.%3E', '%3E', 'user.bob', 'user.*']) {
      expect((await edge.get(`/v1/topics/${topic}/events`, headers)).status, topic).toBe(403);
    }
    const none = await request(`${edge.url}/v1/topics/orders.1/events`);
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toContain('Bearer');
  });

  it.each([
    ['/v1/topics/a..b/events', 422],
    ['/v1/topics/%20/events', 422],
    ['/v1/topics/a%2e%2eb/events', 422],
    ['/v1/topics/%zz/events', 400],
    ['/v1/topics/%ff/events', 400],
    ['/v1/topics/a/events?after=%zz', 400],
    ['/v1/topics/a/events?limits=5', 422],
    ['/v1/topics//events', 404],
    ['/v1/topics/a/b/events', 404],
    ['/v1/topics/a%2Fb/events', 200],
    ['/v1/topics/%2e%2e/events', 422],
    ['/v1/position?topic=a', 422],
  ])('answers %s with %i', async (path, status) => {
    const edge = await startEdge();
    const answer = await sendRaw(
      edge.port,
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${await edge.token()}\r\n\r\n`,
    );
    expect(answer.status).toBe(status);
  });

  it('HEAD gives the head, and other methods are 405 with Allow', async () => {
    const edge = await startEdge();
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const head = await request(`${edge.url}/v1/topics/a/events`, { method: 'HEAD', headers });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    for (const path of ['/v1/topics/a/events', '/v1/position']) {
      const answer = await request(`${edge.url}${path}`, { method: 'PUT', headers });
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'OPTIONS']);
    }
  });
});

describe('the position', () => {
  it('section 7: is a cursor of the head, whatever the caller may read', async () => {
    const edge = await startEdge();
    const positionOf = async (): Promise<string> => (await (await edge.get('/v1/position')).json()).cursor;
    const empty = await positionOf();
    expect(placeOf(empty)).toBe(0);
    const { epoch } = await edge.publish('a', 'one');
    await edge.publish('b', 'two', { tenant: 'acme' });
    expect(await positionOf()).toBe(encodeCursor(epoch, 2));
    const answer = await edge.get('/v1/position', { authorization: `Bearer ${await edge.token({})}` });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('section 7: position, then a snapshot, then the stream: nothing falls in between, and nothing comes twice', async () => {
    const edge = await startEdge();
    const snapshot = new Map<string, number>();
    let published = 0;
    const publish = async (): Promise<void> => {
      await edge.publish('state', published);
      snapshot.set('state', published);
      published += 1;
    };
    for (let round = 0; round < 5; round += 1) {
      for (let each = 0; each < 10; each += 1) await publish();
      const { cursor } = await (await edge.get('/v1/position')).json();
      await publish();
      const seen = snapshot.get('state') as number;
      await publish();
      const client = await edge.stream('topic=state', {
        headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': cursor },
      });
      await publish();
      const got = (await payloadsBeforeMarker(edge, client, 'state')).map(Number);
      // The snapshot may hold what comes again, but nothing that it lacks is missing.
      expect(got).toEqual([seen, seen + 1, seen + 2]);
      client.destroy();
    }
  });
});
