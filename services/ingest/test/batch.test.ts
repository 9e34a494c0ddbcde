import { MAX_BATCH_EVENTS } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { type Answer, startIngest, type TestIngest } from './fixture.ts';

const LINES = { 'Content-Type': 'application/x-ndjson' };

function sendLines(ingest: TestIngest, body: string, headers: object = {}): Promise<Answer> {
  return ingest.send('/v1/events', { body, headers: { ...LINES, ...headers } });
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('an array', () => {
  it('section 5: answers 202 with one result for each event, in order', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish([
      { topic: 'a', data: 'x' },
      { user: 'bob', data: 'y' },
      { topic: 'c', data: 'z', store: false },
    ]);
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({
      results: [
        { status: 202, index: 0, topic: 'a', id: expect.stringContaining('.1.') },
        { status: 202, index: 1, topic: 'user.bob', id: expect.stringContaining('.2.') },
        { status: 202, index: 2, topic: 'c' },
      ],
    });
  });

  it('section 5: takes 1,000 events and keeps their order', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish(numbers(MAX_BATCH_EVENTS).map((data) => ({ topic: `t.${data % 7}`, data })));
    expect(answer.status).toBe(202);
    expect(ingest.texts()).toEqual(numbers(1_000).map(String));
    expect(answer.body.results.map(({ index }: { index: number }) => index)).toEqual(numbers(1_000));
  });

  it('section 5: 1,001 events are 413 and none of them is stored', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish(numbers(1_001).map((data) => ({ topic: 'a', data })));
    expect([answer.status, answer.body.code]).toEqual([413, 'batch-too-large']);
    expect(ingest.messages).toEqual([]);
  });

  it.each(['[]', '[ ]'])('hardening section 1: the empty array %s is 422', async (body) => {
    const ingest = await startIngest();
    const answer = await ingest.publish(undefined, { body });
    expect([answer.status, answer.body.code]).toEqual([422, 'empty-batch']);
  });

  it('section 5: answers 207 when some failed, each with its own status and problem', async () => {
    const ingest = await startIngest({ maxEventBytes: 100 });
    const token = await ingest.token(['a.>']);
    const answer = await ingest.publish(
      [
        { topic: 'a.1', data: 1 },
        { topic: 'b.1', data: 1 },
        { topic: 'a.2', data: 1, ttl: 0 },
        { topic: 'a.3', data: 'x'.repeat(101) },
        null,
        { topic: 'a.4', data: 1 },
      ],
      { token },
    );
    expect(answer.status).toBe(207);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body.results).toMatchObject([
      { status: 202, index: 0, topic: 'a.1' },
      { status: 403, index: 1, topic: 'b.1', problem: { code: 'forbidden', status: 403 } },
      { status: 422, index: 2, problem: { code: 'invalid-field', pointer: '/ttl' } },
      { status: 413, index: 3, problem: { code: 'event-too-large', pointer: '/data' } },
      { status: 422, index: 4, problem: { code: 'invalid-field', pointer: '' } },
      { status: 202, index: 5, topic: 'a.4' },
    ]);
    expect(ingest.messages.map(({ topic }) => topic)).toEqual(['a.1', 'a.4']);
  });

  it('section 5: when all failed in one way, the answer is that problem with the results', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['b']);
    const { status, headers, body } = await ingest.publish(
      [
        { topic: 'a', data: 1 },
        { topic: 'c', data: 1 },
      ],
      { token },
    );
    expect(status).toBe(403);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ code: 'forbidden', status: 403, type: 'urn:tidings:problem:forbidden' });
    expect(body.results).toHaveLength(2);
  });

  it('section 5: when all failed in several ways, the status is the one that all share, or else 422', async () => {
    const ingest = await startIngest();
    const shared = await ingest.publish([
      { topic: 'a..b', data: 1 },
      { topic: 'a', data: 1, ttl: 0 },
    ]);
    expect([shared.status, shared.body.code, shared.body.status]).toEqual([422, 'all-failed', 422]);
    expect(shared.body.results).toMatchObject([{ status: 422 }, { status: 422 }]);
    const mixed = await ingest.publish([{ topic: 'a', data: 1 }, { topic: 'a' }], { token: await ingest.token([]) });
    expect([mixed.status, mixed.body.code]).toEqual([422, 'all-failed']);
    expect(mixed.body.results).toMatchObject([{ status: 403 }, { status: 422 }]);
    expect(ingest.messages).toEqual([]);
  });

  it('an array inside an array is an event that is none', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish([[{ topic: 'a', data: 1 }]]);
    expect(answer.status).toBe(422);
    expect(ingest.messages).toEqual([]);
  });
});

describe('NDJSON', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['LF and blank lines', '\n\n \n\t\n'],
    ['CRLF and blank lines', '\r\n\r\n'],
  ])('section 5: lines may end in %s, with and without a last line break', async (_name, end) => {
    const ingest = await startIngest();
    const lines = ['{"topic":"a","data":"one"}', '{"topic":"a","data":"two"}'];
    expect((await sendLines(ingest, lines.join(end))).status).toBe(202);
    expect((await sendLines(ingest, `${end}${lines.join(end)}${end}`)).status).toBe(202);
    expect(ingest.texts()).toEqual(['one', 'two', 'one', 'two']);
  });

  it('hardening section 1: a bad line 500 of 1,000 fails alone, and the others are stored in order', async () => {
    const ingest = await startIngest();
    const lines = numbers(1_000).map((data) => JSON.stringify({ topic: 'a', data }));
    lines[500] = '{"topic":"a","data":500,}';
    const answer = await sendLines(ingest, lines.join('\n'));
    expect(answer.status).toBe(207);
    expect(answer.body.results).toHaveLength(1_000);
    expect(answer.body.results[500]).toMatchObject({ status: 400, index: 500, problem: { code: 'malformed-body' } });
    expect(answer.text).not.toContain('500,}');
    expect(ingest.texts()).toEqual(
      numbers(1_000)
        .filter((data) => data !== 500)
        .map(String),
    );
  });

  it('section 5: is not held to the 1,000 of an array, and still keeps its order', async () => {
    const ingest = await startIngest();
    const answer = await sendLines(
      ingest,
      numbers(2_500)
        .map((data) => JSON.stringify({ topic: 'a', data }))
        .join('\n'),
    );
    expect(answer.status).toBe(202);
    expect(ingest.texts()).toEqual(numbers(2_500).map(String));
  });

  it('more lines than one request may have are 413, so that a body of line breaks makes no giant answer', async () => {
    const ingest = await startIngest();
    const answer = await sendLines(ingest, '1\n'.repeat(10_001));
    expect([answer.status, answer.body.code]).toEqual([413, 'batch-too-large']);
    expect(ingest.messages).toEqual([]);
  });

  it('a fan-out counts once for each topic, and nothing is published where the answer would be too large', async () => {
    const ingest = await startIngest();
    const topics = Array.from({ length: 100 }, (_, place) => `t.${place}`);
    const line = `${JSON.stringify({ topics, data: 1 })}\n`;
    const answer = await sendLines(ingest, line.repeat(101));
    expect([answer.status, answer.body.code]).toEqual([413, 'batch-too-large']);
    expect(ingest.messages).toHaveLength(0);
    const most = await sendLines(ingest, line.repeat(100));
    expect(most.status).toBe(202);
    expect(ingest.messages).toHaveLength(10_000);
  });

  it.each(['', '\n', ' \r\n\t\n'])('the body %j without an event is 422', async (body) => {
    const ingest = await startIngest();
    const answer = await sendLines(ingest, body);
    expect([answer.status, answer.body.code]).toEqual([422, 'empty-batch']);
  });

  it('section 5: one line is a batch of one, and a JSON text over several lines is not NDJSON', async () => {
    const ingest = await startIngest();
    expect((await sendLines(ingest, '{"topic":"a","data":1}')).body.results).toHaveLength(1);
    const answer = await sendLines(ingest, '{\n"topic":"a",\n"data":1}');
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed-body']);
    expect(answer.body.results).toHaveLength(3);
  });

  it('hardening section 1: NDJSON that is not UTF-8 is 400 and nothing is stored', async () => {
    const ingest = await startIngest();
    const body = Buffer.concat([Buffer.from('{"topic":"a","data":1}\n'), Buffer.from([0xff])]);
    const answer = await ingest.send('/v1/events', { body, headers: LINES });
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed-body']);
    expect(ingest.messages).toEqual([]);
  });
});

describe('fan-out', () => {
  it('section 5: stores the event once for each topic and answers results', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish({ topics: ['a', 'b'], data: 1, event: 'x' });
    expect(answer.status).toBe(202);
    expect(answer.body.results).toMatchObject([
      { status: 202, index: 0, topic: 'a', id: expect.any(String) },
      { status: 202, index: 0, topic: 'b', id: expect.any(String) },
    ]);
    expect(ingest.messages.map(({ topic, event }) => [topic, event])).toEqual([
      ['a', 'x'],
      ['b', 'x'],
    ]);
  });

  it('section 5: one topic in topics is still a fan-out', async () => {
    const ingest = await startIngest();
    expect((await ingest.publish({ topics: ['a'], data: 1 })).body.results).toHaveLength(1);
  });

  it('section 5: takes 100 topics, and 101 are 422', async () => {
    const ingest = await startIngest();
    const topics = numbers(101).map((number) => `t.${number}`);
    expect((await ingest.publish({ topics: topics.slice(0, 100), data: 1 })).body.results).toHaveLength(100);
    const { status, body } = await ingest.publish({ topics, data: 1 });
    expect([status, body.code, body.pointer]).toEqual([422, 'invalid-field', '/topics']);
    expect(ingest.messages).toHaveLength(100);
  });

  it('hardening section 1: a topic that stands there twice gets the event once', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish({ topics: ['a', 'b', 'a', 'a'], data: 1 });
    expect(answer.body.results.map(({ topic }: { topic: string }) => topic)).toEqual(['a', 'b']);
    expect(ingest.messages.map(({ topic }) => topic)).toEqual(['a', 'b']);
  });

  it('section 5: answers 207 when the token grants some of the topics', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish({ topics: ['a', 'b'], data: 1 }, { token: await ingest.token(['a']) });
    expect(answer.status).toBe(207);
    expect(answer.body.results).toMatchObject([
      { status: 202, topic: 'a' },
      { status: 403, topic: 'b', problem: { code: 'forbidden' } },
    ]);
  });

  it('section 5: one bad topic refuses the event as a whole, before anything is stored', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish({ topics: ['a', '$hub.audit'], data: 1 });
    expect([answer.status, answer.body.pointer]).toEqual([422, '/topics/1']);
    expect(ingest.messages).toEqual([]);
  });

  it('section 5: a fan-out inside an array gives several results under one index', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish([
      { topics: ['a', 'b'], data: 1 },
      { topic: 'c', data: 2 },
    ]);
    expect(
      answer.body.results.map(({ index, topic }: { index: number; topic: string }) => `${index} ${topic}`),
    ).toEqual(['0 a', '0 b', '1 c']);
  });
});
