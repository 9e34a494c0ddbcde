import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startEdge, type TestEdge } from './fixture.ts';
import { names, payloads, payloadsBeforeMarker, payloadsUntil, placeOf } from './received.ts';

/** Twelve events on four topics, one second apart. */
async function seeded(): Promise<{ edge: TestEdge; startMs: number }> {
  const clock = createFakeClock();
  const startMs = clock.now();
  const edge = await startEdge({ clock });
  for (let place = 0; place < 12; place += 1) {
    await edge.publish(['a.1', 'a.2', 'b', 'a.1.deep'][place % 4] as string, `${place}`);
    clock.advance(1_000);
  }
  return { edge, startMs };
}

async function replayed(edge: TestEdge, query: string): Promise<{ got: number[]; client: StreamClient }> {
  const client = await edge.stream(query);
  await client.event('hub.live');
  return { got: payloads(client).map(Number), client };
}

const at = (startMs: number, second: number): string =>
  encodeURIComponent(new Date(startMs + second * 1_000).toISOString());

describe('what is replayed without a cursor', () => {
  it.each([
    ['none, which is the default', 'topic=%3E', []],
    ['none', 'topic=%3E&replay=none', []],
    ['all', 'topic=a.1&replay=all', [0, 4, 8]],
    ['all of a pattern', 'topic=a.*&replay=all', [0, 1, 4, 5, 8, 9]],
    [
      'all of overlapping patterns, each event once',
      'topic=a.*&topic=a.1&topic=a.%3E&replay=all',
      [0, 1, 3, 4, 5, 7, 8, 9, 11],
    ],
    ['all of everything', 'topic=%3E&replay=all', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
    ['all of a topic without events', 'topic=none&replay=all', []],
    ['last of a topic', 'topic=b&replay=last', [10]],
    ['last of each topic of a pattern, oldest first', 'topic=%3E&replay=last', [8, 9, 10, 11]],
    ['last of overlapping patterns', 'topic=a.*&topic=a.1&replay=last', [8, 9]],
    ['last of a topic without events', 'topic=none&replay=last', []],
    ['the last 1', 'topic=%3E&replay=1', [11]],
    ['the last 4 of a pattern', 'topic=a.*&replay=4', [4, 5, 8, 9]],
    ['the last 4 of overlapping patterns', 'topic=a.1&topic=a.*&replay=4', [4, 5, 8, 9]],
    ['more than there are', 'topic=b&replay=10000', [2, 6, 10]],
    ['a count with zeros before it', 'topic=b&replay=02', [6, 10]],
  ])('section 4: replay gives %s', async (_what, query, expected) => {
    const { edge } = await seeded();
    const { got, client } = await replayed(edge, query);
    expect(got).toEqual(expected);
    await edge.publish('a.1', 'live');
    await edge.publish('b', 'live');
    await client.until(() => payloads(client).length > expected.length || query.startsWith('topic=none'));
    expect(names(client).filter((name) => name === 'hub.live')).toHaveLength(1);
    expect(names(client).indexOf('hub.live')).toBe(expected.length + 1);
  });

  it('section 4: replay by an RFC 3339 time gives what was published then and later', async () => {
    const { edge, startMs } = await seeded();
    expect((await replayed(edge, `topic=%3E&replay=${at(startMs, 9)}`)).got).toEqual([9, 10, 11]);
    expect((await replayed(edge, `topic=a.*&replay=${at(startMs, 5)}`)).got).toEqual([5, 8, 9]);
    expect((await replayed(edge, `topic=a.*&topic=a.1&replay=${at(startMs, 4)}`)).got).toEqual([4, 5, 8, 9]);
    expect((await replayed(edge, `topic=%3E&replay=${at(startMs, 12)}`)).got).toEqual([]);
    expect((await replayed(edge, 'topic=b&replay=1971-01-01T00:00:00Z')).got).toEqual([2, 6, 10]);
    expect((await replayed(edge, 'topic=b&replay=1971-01-01t00:00:00.5%2B02:00')).got).toEqual([2, 6, 10]);
  });

  it('section 4: the id of hello is the position before the first replayed event, else the head', async () => {
    const { edge } = await seeded();
    const idOf = async (query: string): Promise<number> =>
      placeOf((await (await edge.stream(query)).event('hub.hello')).lastEventId);
    expect(await idOf('topic=b&replay=all')).toBe(2);
    expect(await idOf('topic=b&replay=2')).toBe(6);
    expect(await idOf('topic=b&replay=last')).toBe(10);
    expect(await idOf('topic=b&replay=none')).toBe(12);
    expect(await idOf('topic=none&replay=all')).toBe(12);
    expect(await idOf('topic=none&replay=last')).toBe(12);
    expect(await idOf('topic=none&replay=3')).toBe(12);
  });

  it('section 4: replay takes whole history and no more: what was evicted is not there, and is no gap', async () => {
    const edge = await startEdge({ historyMaxBytes: 3_000 });
    for (let place = 0; place < 50; place += 1) await edge.publish('a', `${place}`);
    const { got, client } = await replayed(edge, 'topic=a&replay=all');
    expect(got.length).toBeGreaterThan(3);
    expect(got).toEqual(Array.from({ length: got.length }, (_, place) => 50 - got.length + place));
    expect(names(client)).not.toContain('hub.gap');
  });

  it.each([
    ['-1'],
    ['0'],
    ['10001'],
    ['1e9'],
    ['1000000000'],
    ['1.5'],
    ['ALL'],
    ['first'],
    [''],
    ['2090-01-01T00:00:00Z'],
    ['2090-01-01'],
    ['2020-01-01'],
    ['2020-01-01T00:00:00'],
    ['2020-13-01T00:00:00Z'],
    ['2020-01-01T25:00:00Z'],
    ['2020-02-30T00:00:00Z'],
    ['2020-01-01T24:00:00Z'],
    ['now'],
    ['+1'],
    [' 1'],
    ['0x10'],
    ['٣'],
  ])('section 4: replay=%j is 422 and names the parameter', async (replay) => {
    const edge = await startEdge();
    const answer = await edge.get(`/v1/stream?topic=a&replay=${encodeURIComponent(replay)}`);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'invalid-field', parameter: 'replay' });
  });
});

describe('a replay that is larger than any buffer', () => {
  it.each([
    ['from the ring', 64_000_000],
    ['from history', 1_000_000],
  ])(
    'section 4: %s, while events go on being published, all come once and in order, then live',
    async (_what, ringMaxBytes) => {
      const edge = await startEdge({ settings: { ringMaxBytes } });
      const filler = 'x'.repeat(10_000);
      for (let place = 0; place < 800; place += 1) await edge.publish('a', `${place} ${filler}`);
      const client = await edge.stream('topic=a&replay=all');
      let published = 800;
      // One for every four that arrive: a reader that falls back for ever would prove nothing.
      while (!names(client).includes('hub.live')) {
        await client.until(
          ({ events }) => events.length > 4 * (published - 800) || events.at(-1)?.event === 'hub.live',
        );
        await edge.publish('a', `${published} ${filler}`);
        published += 1;
      }
      await edge.publish('a', 'the end');
      const got = (await payloadsUntil(client, 'the end')).slice(0, -1).map((text) => Number.parseInt(text, 10));
      expect(got).toEqual(Array.from({ length: published }, (_, place) => place));
      expect(names(client).filter((name) => name === 'hub.live')).toHaveLength(1);
      expect(names(client)).not.toContain('hub.gap');
    },
  );

  it('section 4: a client that stops reading in the middle of a replay gets the rest when it reads again, bounded meanwhile', async () => {
    const edge = await startEdge({ settings: { ringMaxBytes: 1_000_000 } });
    const filler = 'x'.repeat(10_000);
    for (let place = 0; place < 1_500; place += 1) await edge.publish('a', `${place} ${filler}`);
    const client = await edge.stream('topic=a&replay=all');
    await client.until(() => client.published().length > 100);
    client.pause();
    for (let place = 1_500; place < 1_800; place += 1) {
      await edge.publish('a', `${place} ${filler}`);
      await new Promise((resolve) => setImmediate(resolve));
      for (const socket of edge.sockets) expect(socket.writableLength).toBeLessThanOrEqual(65_536 + 11_000);
    }
    expect(names(client)).not.toContain('hub.live');
    client.resume();
    const got = (await payloadsBeforeMarker(edge, client, 'a')).map((text) => Number.parseInt(text, 10));
    expect(got).toEqual(Array.from({ length: 1_800 }, (_, place) => place));
  });
});
