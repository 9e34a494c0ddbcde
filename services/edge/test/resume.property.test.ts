import { covers } from '@tidings/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { placeOf } from './received.ts';

const TOPICS = ['a.1', 'a.2', 'b.1', 'b.1.c', 'c', 'user.x'];

interface Seen {
  readonly place: number;
  readonly data: string;
}

/** A client that cuts its own connection after so many events, again and again, and resumes with its last id. */
async function follow(
  edge: TestEdge,
  patterns: readonly string[],
  cuts: readonly number[],
  done: (seen: readonly Seen[]) => boolean,
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const authorization = `Bearer ${await edge.token()}`;
  const query = patterns.map((pattern) => `topic=${encodeURIComponent(pattern)}`).join('&');
  let cursor = '';
  for (let life = 0; ; life += 1) {
    const client = await edge.stream(query, {
      headers: { authorization, ...(cursor !== '' && { 'last-event-id': cursor }) },
    });
    await client.event('hub.hello');
    const enough = cuts[life] ?? Number.POSITIVE_INFINITY;
    let ended = false;
    // The cut comes in the middle of what is under way: what was read after it was never seen.
    await client.until(() => {
      const published = client.published();
      ended = done([...seen, ...published.map(({ data, lastEventId }) => ({ place: placeOf(lastEventId), data }))]);
      return published.length >= enough || ended;
    });
    const kept = client.published().slice(0, enough);
    client.destroy();
    expect(client.events.some(({ event }) => event === 'hub.gap')).toBe(false);
    seen.push(...kept.map(({ data, lastEventId }) => ({ place: placeOf(lastEventId), data })));
    cursor = kept.at(-1)?.lastEventId ?? client.events[0]?.lastEventId ?? '';
    if (ended && kept.length === client.published().length) return seen;
  }
}

it('section 4: whoever is cut anywhere and resumes gets every matching event once and in order, under continuous publishing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.subarray(['a.*', 'a.1', 'b.>', 'b.1', '*', 'c', 'user.x', '>', '*.1'], { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat({ max: 25 }), { maxLength: 12 }),
      fc.array(fc.record({ topic: fc.constantFrom(...TOPICS), bytes: fc.nat({ max: 3_000 }) }), {
        minLength: 50,
        maxLength: 300,
      }),
      fc.constantFrom(2_000, 30_000, 1_000_000),
      fc.constantFrom(4_096, 65_536),
      fc.constantFrom('all' as const, 'interest' as const),
      async (patterns, cuts, events, ringMaxBytes, lagMaxBytes, feed) => {
        const edge = await startEdge({ feed, settings: { ringMaxBytes, lagMaxBytes } });
        let published = 0;
        const matching: string[] = [];
        const marker = 'the end';
        const following = follow(edge, patterns, cuts, (seen) => seen.at(-1)?.data === marker);
        await eventually(() => edge.edge.openStreams > 0);
        await new Promise((resolve) => setImmediate(resolve));
        for (const { topic, bytes } of events) {
          const data = `${published} ${'x'.repeat(bytes)}`;
          published += 1;
          if (patterns.some((pattern) => covers(pattern, topic))) matching.push(data);
          await edge.publish(topic, data);
          if (published % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        const last = TOPICS.find((topic) => patterns.some((pattern) => covers(pattern, topic))) as string;
        await edge.publish(last, marker);
        const seen = await following;
        // What was published before the first hello is not this client's.
        const got = seen.map(({ data }) => data).slice(0, -1);
        expect(got).toEqual(matching.slice(matching.length - got.length));
        expect(matching.length - got.length).toBeLessThanOrEqual(7);
        const places = seen.map(({ place }) => place);
        expect(places).toEqual([...new Set(places)].sort((one, two) => one - two));
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);

const anyPatterns = fc.subarray(['a.*', 'a.1', 'b.>', 'c', 'user.x', '>'], { minLength: 1, maxLength: 3 });
const topicOf = (data: string): string => data.split(' ')[0] as string;

it('section 4: whoever resumes with other topics gets, of each that is named now, all after the cursor and nothing before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ patterns: anyPatterns, enough: fc.integer({ min: 1, max: 15 }) }), {
        minLength: 2,
        maxLength: 8,
      }),
      fc.constantFrom(2_000, 1_000_000),
      fc.constantFrom('all' as const, 'interest' as const),
      async (lives, ringMaxBytes, feed) => {
        const edge = await startEdge({ feed, settings: { ringMaxBytes } });
        const authorization = `Bearer ${await edge.token()}`;
        const stored: Seen[] = [];
        let going = true;
        const publishing = (async () => {
          for (let count = 0; going; count += 1) {
            const data = `${TOPICS[(count * 5) % TOPICS.length]} ${count}`;
            stored.push({ place: (await edge.publish(topicOf(data), data)).seq, data });
            await new Promise((resolve) => setImmediate(resolve));
          }
        })();
        let cursor = '';
        for (const { patterns, enough } of lives) {
          const query = patterns.map((pattern) => `topic=${encodeURIComponent(pattern)}`).join('&');
          const client = await edge.stream(query, {
            headers: { authorization, ...(cursor !== '' && { 'last-event-id': cursor }) },
          });
          await client.until(() => client.published().length >= enough);
          const kept = client.published().slice(0, enough);
          client.destroy();
          const from = placeOf(cursor === '' ? (client.events[0]?.lastEventId ?? '') : cursor);
          cursor = kept.at(-1)?.lastEventId ?? '';
          const isNamed = (topic: string): boolean => patterns.some((pattern) => covers(pattern, topic));
          expect(kept.map(({ lastEventId, data }) => ({ place: placeOf(lastEventId), data }))).toEqual(
            stored.filter(({ place, data }) => place > from && place <= placeOf(cursor) && isNamed(topicOf(data))),
          );
        }
        going = false;
        await publishing;
      },
    ),
    { numRuns: 25 },
  );
}, 60_000);
