import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../../test/any-text.ts';
import { takeBatch, toBody } from '../../src/publisher/batch.ts';
import { toEventLine } from '../../src/publisher/event-line.ts';
import type { EventToPublish } from '../../src/publisher/index.ts';
import { accept, answerResults, type Behaviour, breakOff, createScripted, failed, refuse } from './scripted.ts';

const events = (count: number): EventToPublish[] =>
  Array.from({ length: count }, (_, place) => ({ topic: `a.${place % 7}`, data: place }));
const stored = (index: number, topic: string): { status: number; index: number; topic: string; id: string } => ({
  status: 202,
  index,
  topic,
  id: `cursor ${index}`,
});

describe('requests of many events', () => {
  const anyEvent = fc.oneof(
    fc.record({ topic: fc.string(), data: fc.oneof(anyText({ maxLength: 200 }), fc.jsonValue()) }),
    fc.record({ topics: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 9 }), data: fc.jsonValue() }),
    fc.record({ user: fc.string(), data: fc.jsonValue(), id: fc.string() }),
  );

  it('property: hold every line once and in order, within the limits but for a single line', () => {
    const limits = fc.record({
      maxBytes: fc.integer({ min: 1, max: 2_000 }),
      maxResults: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), limits, (given, { maxBytes, maxResults }) => {
        const lines = given.map(toEventLine);
        const taken: string[] = [];
        for (let at = 0; at < lines.length; ) {
          const batch = takeBatch(lines, at, { maxBytes, maxResults });
          const body = toBody(batch);
          const results = batch.reduce((sum, { topics }) => sum + topics.length, 0);
          expect(batch.length).toBeGreaterThan(0);
          if (batch.length > 1) {
            expect(body.length).toBeLessThanOrEqual(maxBytes);
            expect(results).toBeLessThanOrEqual(maxResults);
          }
          // As large as it may be: with the next line it would be over a limit.
          const next = lines[at + batch.length];
          if (next !== undefined) {
            expect(body.length + next.bytes.length > maxBytes || results + next.topics.length > maxResults).toBe(true);
          }
          taken.push(...Buffer.from(body).toString().trimEnd().split('\n'));
          at += batch.length;
        }
        const sent = taken.map((line) => JSON.parse(line));
        expect(sent).toEqual(given.map((event) => ({ id: expect.any(String), ...JSON.parse(JSON.stringify(event)) })));
      }),
    );
  });

  it('have 1,000 results and a million bytes at most; an event that is larger goes alone', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    await run(publisher.publishMany(events(2_500)));
    expect(requests.map(({ lines }) => lines.length)).toEqual([1_000, 1_000, 500]);
    const fanOut = { topics: Array.from({ length: 100 }, (_, place) => `t.${place}`), data: 1 };
    await run(publisher.publishMany(Array.from({ length: 25 }, () => fanOut)));
    expect(requests.slice(3).map(({ lines }) => lines.length)).toEqual([10, 10, 5]);
    const large = [300_000, 300_000, 1_200_000, 300_000, 300_000, 300_000, 300_000];
    await run(publisher.publishMany(large.map((length) => ({ topic: 'a', data: 'x'.repeat(length) }))));
    expect(requests.slice(6).map(({ lines }) => lines.length)).toEqual([2, 1, 3, 1]);
  });

  it('go out one after the other, and their results come in the order of the events', async () => {
    let open = 0;
    const { publisher, run } = createScripted([
      async (request) => {
        open += 1;
        expect(open).toBe(1);
        await Promise.resolve();
        open -= 1;
        return accept(request);
      },
    ]);
    const outcome = await run(publisher.publishMany(events(2_500)));
    const results = outcome.status === 'fulfilled' ? outcome.value : [];
    expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 2_500 }, (_, place) => place));
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['accepted']));
  });

  it('are none for no event', async () => {
    const { publisher, requests } = createScripted([accept]);
    expect(await publisher.publishMany([])).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('are none when one of the events has no data that JSON can say', async () => {
    const { publisher, requests } = createScripted([accept]);
    for (const data of [undefined, () => 1, 1n]) {
      await expect(
        publisher.publishMany([
          { topic: 'a', data: 1 },
          { topic: 'a', data },
        ]),
      ).rejects.toThrow(TypeError);
      await expect(publisher.publish('a', data)).rejects.toThrow(TypeError);
    }
    expect(requests).toEqual([]);
  });
});

describe('what became of many events', () => {
  it('is told for each; what failed for a passing reason is repeated alone, under its id', async () => {
    const partly: Behaviour = () =>
      answerResults(
        [
          stored(0, 'a'),
          failed(1, 'b', 'unavailable'),
          failed(2, 'c', 'forbidden', 'The token may not publish to c.'),
          { ...stored(3, 'd'), duplicate: true },
          failed(4, 'e', 'internal'),
        ],
        207,
      );
    const { publisher, requests, run } = createScripted([partly, accept]);
    const outcome = await run(
      publisher.publishMany(['a', 'b', 'c', 'd', 'e'].map((topic) => ({ topic, data: topic }))),
    );
    expect(outcome).toMatchObject({
      value: [
        { status: 'accepted', index: 0, topic: 'a', id: 'cursor 0' },
        { status: 'accepted', index: 1, topic: 'b' },
        {
          status: 'failed',
          index: 2,
          topic: 'c',
          error: { code: 'forbidden', message: 'The token may not publish to c.' },
        },
        { status: 'duplicate', index: 3, topic: 'd', id: 'cursor 3' },
        { status: 'accepted', index: 4, topic: 'e' },
      ],
    });
    const [first, second] = requests.map(({ lines }) => lines);
    expect(second).toEqual([first?.[1], first?.[4]]);
  });

  it('an event for several topics is repeated for those alone that failed, and has its results in the order of its topics', async () => {
    const partly: Behaviour = () =>
      answerResults([stored(0, 'x'), stored(1, 'a'), failed(1, 'b', 'unavailable'), failed(1, 'c', 'forbidden')], 207);
    const { publisher, requests, run } = createScripted([partly, accept]);
    const outcome = await run(
      publisher.publishMany([
        { topic: 'x', data: 0 },
        { topics: ['a', 'b', 'c', 'b'], data: 1 },
      ]),
    );
    expect(outcome).toMatchObject({
      value: [
        { index: 0, topic: 'x', status: 'accepted' },
        { index: 1, topic: 'a', status: 'accepted' },
        { index: 1, topic: 'b', status: 'accepted' },
        { index: 1, topic: 'c', status: 'failed' },
      ],
    });
    expect(requests[1]?.lines).toEqual([{ ...requests[0]?.lines[1], topics: ['b'] }]);
  });

  it('an event that the server could not even look at is one result, and is repeated as a whole', async () => {
    const unread: Behaviour = ({ lines }) =>
      answerResults(
        lines.map((_, index) => ({ ...failed(index, '', 'internal'), topic: undefined })),
        500,
      );
    const { publisher, run } = createScripted([unread, accept]);
    expect(await run(publisher.publishMany([{ topics: ['a', 'b'], data: 1 }]))).toMatchObject({
      value: [
        { index: 0, topic: 'a', status: 'accepted' },
        { index: 0, topic: 'b', status: 'accepted' },
      ],
    });
  });

  it('what could not be tried any more has the error of the request before it', async () => {
    const { publisher, requests, run } = createScripted([accept, breakOff]);
    const outcome = await run(publisher.publishMany(events(2_100)));
    const results = outcome.status === 'fulfilled' ? outcome.value : [];
    expect(results.map(({ index }) => index)).toEqual(Array.from({ length: 2_100 }, (_, place) => place));
    expect(results.slice(0, 1_000).every(({ status }) => status === 'accepted')).toBe(true);
    expect(results.slice(1_000).every((result) => result.status === 'failed' && result.error.code === 'network')).toBe(
      true,
    );
    expect(results[2_099]).toMatchObject({ topic: `a.${2_099 % 7}` });
    expect(requests.slice(1).every(({ lines }) => lines.length === 1_000)).toBe(true);
    expect(outcome.tookMs).toBeLessThanOrEqual(30_000);
  });

  it('an event that was repeated to no avail keeps the error that the server told of it', async () => {
    const away: Behaviour = () => answerResults([stored(0, 'a'), failed(1, 'b', 'unavailable')], 207);
    const { publisher, run } = createScripted([away, breakOff]);
    expect(
      await run(
        publisher.publishMany([
          { topic: 'a', data: 1 },
          { topic: 'b', data: 2 },
        ]),
      ),
    ).toMatchObject({
      value: [{ status: 'accepted' }, { status: 'failed', error: { code: 'unavailable', status: 503 } }],
    });
  });

  it('a request that is too large fails alone', async () => {
    const { publisher, run } = createScripted([refuse('body-too-large'), accept]);
    const large = { topic: 'a', data: 'x'.repeat(1_100_000) };
    expect(await run(publisher.publishMany([large, { topic: 'b', data: 1 }]))).toMatchObject({
      value: [
        { status: 'failed', index: 0, topic: 'a', error: { code: 'body-too-large' } },
        { status: 'accepted', index: 1, topic: 'b' },
      ],
    });
  });

  it.each([
    ['a token that is refused', refuse('unauthenticated'), 'unauthenticated'],
    ['a server that is not reached', breakOff, 'network'],
    [
      'a broker that is away',
      (({ lines }) =>
        answerResults(
          lines.map((_, index) => failed(index, 'a', 'unavailable')),
          503,
        )) as Behaviour,
      'unavailable',
    ],
  ])('rejects when it had to stop before anything was accepted: %s', async (_why, behaviour, code) => {
    const { publisher, run } = createScripted([behaviour]);
    expect(await run(publisher.publishMany(events(3)))).toMatchObject({ status: 'rejected', reason: { code } });
  });
});
