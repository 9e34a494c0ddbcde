import { createFakeClock, type FakeClock, request, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { NATIVE, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloadsBeforeMarker, placeOf } from './received.ts';

const BEAT_MS = 15_000;
// The wheel turns in steps of 250 ms: what is due has happened two steps later.
const SLACK_MS = 500;

interface Quiet {
  readonly clock: FakeClock;
  readonly edge: TestEdge;
  readonly client: StreamClient;
}

async function openQuiet(query = 'topic=a', lifetimeSec = 86_400): Promise<Quiet> {
  const clock = createFakeClock();
  const edge = await startEdge({ clock });
  const headers = { authorization: `Bearer ${await edge.token({ subscribe: ['>'] }, {}, lifetimeSec)}` };
  const client = await edge.stream(query, { headers });
  await client.event('hub.live');
  return { clock, edge, client };
}

const beats = (client: StreamClient): number => client.comments.filter((comment) => comment === '').length;
const idBlocks = (client: StreamClient): string[] =>
  [...client.text.matchAll(/\n\nid: (.+)\n(?=\n)/g)].map(([, id]) => `${id}`);

describe('heartbeats', () => {
  it('section 4: after 15 s without a byte a stream gets a comment line, and again after the next 15 s', async () => {
    const { clock, client } = await openQuiet();
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => beats(client) === 1);
    expect(client.text.endsWith('\n\n:\n\n')).toBe(true);
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => beats(client) === 2);
  });

  it('section 4: no heartbeat comes before 15 s of silence, and traffic puts it off', async () => {
    const { clock, client, edge } = await openQuiet();
    for (let round = 0; round < 4; round += 1) {
      clock.advance(BEAT_MS - SLACK_MS);
      await payloadsBeforeMarker(edge, client, 'a');
    }
    expect(beats(client)).toBe(0);
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => beats(client) === 1);
  });

  it('section 4: traffic does not put the heartbeat off for longer than 15 s from the last byte', async () => {
    const { clock, client, edge } = await openQuiet();
    clock.advance(10_000);
    await payloadsBeforeMarker(edge, client, 'a');
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => beats(client) === 1);
  });

  it('section 4: the silence is configurable', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, settings: { heartbeatMs: 5_000 } });
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    clock.advance(5_000 + SLACK_MS);
    await client.until(() => beats(client) === 1);
  });

  it('section 4: when other topics moved the position, an id-only block keeps the cursor young, at most once a minute', async () => {
    const { clock, client, edge } = await openQuiet();
    let last = 0;
    for (let second = 0; second < 600; second += 5) {
      last = (await edge.publish('other', `at ${second}`)).seq;
      clock.advance(5_000);
    }
    await payloadsBeforeMarker(edge, client, 'a');
    const blocks = idBlocks(client);
    expect(blocks.length).toBeGreaterThanOrEqual(7);
    expect(blocks.length).toBeLessThanOrEqual(10);
    const places = blocks.map(placeOf);
    expect(places).toEqual([...places].sort((one, two) => one - two));
    expect(places.at(-1)).toBeLessThanOrEqual(last);
    expect(places.at(-1)).toBeGreaterThan(last - 30);
    expect(names(client)).toEqual(['hub.hello', 'hub.live', 'message']);
  });

  it('section 4: an id-only block moves the Last-Event-ID, and a resume from it is exact', async () => {
    const { clock, client, edge } = await openQuiet();
    const { seq } = await edge.publish('other', 'moves the position');
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => idBlocks(client).length === 1);
    expect(placeOf(client.lastEventId)).toBe(seq);
    client.destroy();
    await edge.publish('a', 'while away');
    const again = await edge.stream('topic=a', {
      headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': client.lastEventId },
    });
    expect(await payloadsBeforeMarker(edge, again, 'a')).toEqual(['while away']);
    expect(names(again)).not.toContain('hub.gap');
  });

  it('sends no id-only block when nothing moved, nor one that its own event has made needless', async () => {
    const { clock, client, edge } = await openQuiet();
    await payloadsBeforeMarker(edge, client, 'a');
    clock.advance(10 * (BEAT_MS + SLACK_MS));
    await client.until(() => beats(client) >= 9);
    expect(idBlocks(client)).toEqual([]);
  });

  it('stays calm when the wall clock jumps, forwards and backwards', async () => {
    const { clock, client, edge } = await openQuiet();
    clock.jump(3_600_000);
    clock.advance(1_000);
    clock.jump(-7_200_000);
    clock.advance(1_000);
    await payloadsBeforeMarker(edge, client, 'a');
    expect(beats(client)).toBe(0);
    clock.advance(BEAT_MS + SLACK_MS);
    await client.until(() => beats(client) === 1);
    expect(client.ended).toBe(false);
  });

  it('a stream that was closed in the very tick of its heartbeat leaves no deadline that is set anew for ever', async () => {
    const clock = createFakeClock();
    let looks = 0;
    const watched = {
      ...clock,
      now: () => {
        looks += 1;
        return clock.now();
      },
    };
    const edge = await startEdge({ clock: watched, settings: { heartbeatMs: 250, maxStreamAgeSec: 10 } });
    // Of an edge without streams: it tells the others that it is there.
    looks = 0;
    clock.advance(60_000);
    const idle = looks;
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const clients = await Promise.all(Array.from({ length: 20 }, () => edge.stream('topic=a', { headers })));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    clock.advance(11_000);
    await Promise.all(clients.map((client) => client.end()));
    expect(edge.edge.openStreams).toBe(0);
    looks = 0;
    clock.advance(60_000);
    expect(looks).toBe(idle);
  });
});

describe('the end of a token', () => {
  it('section 4: hub.expiring comes 30 s before the end, once, with the seconds that are left', async () => {
    const { clock, client, edge } = await openQuiet('topic=a', 3_600);
    clock.advance(3_570_000 - 1);
    await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client)).not.toContain('hub.expiring');
    clock.advance(SLACK_MS);
    expect(await controlOf(client, 'hub.expiring')).toEqual({ in: 30 });
    clock.advance(29_000);
    await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client).filter((name) => name === 'hub.expiring')).toHaveLength(1);
    expect(client.text).toContain('\n\nevent: hub.expiring\ndata: {"in":30}\n\n');
  });

  it('section 4: with less than 30 s left hub.expiring comes at once with the true number', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const token = await edge.token({ subscribe: ['a'] }, {}, 20);
    clock.advance(8_000);
    const client = await edge.stream('topic=a', { headers: { authorization: `Bearer ${token}` } });
    expect(await controlOf(client, 'hub.expiring')).toEqual({ in: 12 });
    await client.event('hub.live');
    clock.advance(11_000);
    await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client).filter((name) => name === 'hub.expiring')).toHaveLength(1);
  });

  it('section 4: hub.gap stands right after hello also when the token is about to end', async () => {
    const edge = await startEdge();
    const client = await edge.stream('topic=a&last_event_id=garbage', {
      headers: { authorization: `Bearer ${await edge.token({ subscribe: ['a'] }, {}, 20)}` },
    });
    await client.event('hub.live');
    expect(names(client).slice(0, 2)).toEqual(['hub.hello', 'hub.gap']);
    await client.event('hub.expiring');
  });

  it('section 4: at exp the stream gets hub.bye token-expired and is closed, not before and not 5 s later', async () => {
    const { clock, client, edge } = await openQuiet('topic=a', 3_600);
    clock.advance(3_600_000 - 1);
    await payloadsBeforeMarker(edge, client, 'a');
    expect(client.ended).toBe(false);
    clock.advance(SLACK_MS);
    const bye = await controlOf(client, 'hub.bye');
    expect(bye.reason).toBe('token-expired');
    expect(client.retries.at(-1)).toBe(bye.retry);
    await client.end();
    expect(names(client).at(-1)).toBe('hub.bye');
    expect(edge.edge.openStreams).toBe(0);
  });

  it('section 3: a clock that was set past the end of the token is noticed with the next beat', async () => {
    const { clock, client } = await openQuiet('topic=a', 3_600);
    clock.jump(3_600_000);
    clock.advance(BEAT_MS + SLACK_MS);
    expect((await controlOf(client, 'hub.bye')).reason).toBe('token-expired');
  });

  it('a stream without a token has no end', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, classes: { 'news.>': { public: true } } });
    const client = await edge.stream('topic=news.today', { headers: {} });
    await client.event('hub.live');
    clock.advance(3 * 86_400_000);
    await payloadsBeforeMarker(edge, client, 'news.today');
    expect(names(client)).not.toContain('hub.expiring');
  });
});

describe('the age of a stream', () => {
  it('section 4: max-age closes streams within the last tenth of the limit, not all at once', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, settings: { maxStreamAgeSec: 600 } });
    const headers = { authorization: `Bearer ${await edge.token()}` };
    const clients = await Promise.all(Array.from({ length: 30 }, () => edge.stream('topic=a', { headers })));
    await Promise.all(clients.map((client) => client.event('hub.live')));
    clock.advance(540_000 - 1);
    expect(edge.edge.openStreams).toBe(30);
    // In steps: who is told to go has 5 s to take it before the connection is cut.
    const advance = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 2) {
        clock.advance(2_000);
        await eventually(() => clients.filter(({ ended }) => !ended).length === edge.edge.openStreams);
      }
    };
    await advance(30);
    expect(edge.edge.openStreams).toBeGreaterThan(0);
    expect(edge.edge.openStreams).toBeLessThan(30);
    await advance(32);
    expect(edge.edge.openStreams).toBe(0);
    for (const client of clients) {
      expect((await controlOf(client, 'hub.bye')).reason).toBe('max-age');
      await client.end();
    }
  });
});

describe('draining', () => {
  it('section 4: a draining edge sends a native EventSource away softly, and refuses all others with 503', async () => {
    const edge = await startEdge();
    edge.edge.drain();
    const authorization = `Bearer ${await edge.token()}`;
    const native = await edge.stream('topic=a', { headers: { ...NATIVE, authorization } });
    expect(native.status).toBe(200);
    await native.end();
    expect(names(native)).toEqual(['hub.bye']);
    const bye = await controlOf(native, 'hub.bye');
    expect(bye.reason).toBe('draining');
    expect(bye.retry).toBeGreaterThanOrEqual(5_000);
    expect(bye.retry).toBeLessThanOrEqual(30_000);
    expect(native.retries).toEqual([bye.retry]);
    for (const query of ['topic=a&client=sdk/1.0', 'topic=a']) {
      const accept: Record<string, string> = query.includes('client') ? NATIVE : {};
      const other = await request(`${edge.url}/v1/stream?${query}`, {
        headers: { accept: '*/*', ...accept, authorization },
      });
      expect(other.status).toBe(503);
      expect(Number(other.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await other.json()).code).toBe('draining');
    }
  });

  it('a draining edge still refuses for good what could never be served', async () => {
    const edge = await startEdge();
    edge.edge.drain();
    expect((await edge.get('/v1/stream?topic=a..b')).status).toBe(422);
    expect((await request(`${edge.url}/v1/stream?topic=a`, { headers: NATIVE })).status).toBe(401);
  });

  it('closing the edge ends every stream and leaves no timer', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    edge.edge.close();
    await client.end();
    await eventually(() => clock.pending === 0);
  });
});
