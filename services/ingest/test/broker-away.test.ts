import type { Broker, PublishInput } from '@tidings/broker';
import { TidingsError } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { createGate, type IngestOptions, startIngest, until } from './fixture.ts';

/** A broker that can't be reached for the inputs that `isAway` says. */
const away = (isAway: (input: PublishInput) => boolean): IngestOptions => ({
  wrap: (broker: Broker) => ({
    async publish(input) {
      if (isAway(input)) throw new TidingsError('unavailable', 'The broker can not be reached.', { retryAfterSec: 1 });
      return broker.publish(input);
    },
  }),
});

describe('a broker that is away', () => {
  it('section 5: one event is 503 with Retry-After, on every route', async () => {
    const ingest = await startIngest(away(() => true));
    const text = { body: 'x', headers: { 'Content-Type': 'text/plain' } };
    for (const answer of [
      await ingest.publish({ topic: 'a', data: 1 }),
      await ingest.publish({ user: 'a', data: 1 }),
      await ingest.send('/v1/topics/a/events', text),
      await ingest.send('/v1/users/a/events', text),
    ]) {
      expect(answer.status).toBe(503);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.body).toMatchObject({ type: 'urn:tidings:problem:unavailable', code: 'unavailable', status: 503 });
    }
  });

  it('section 5: a batch that failed as a whole is 503 with Retry-After and the results', async () => {
    const ingest = await startIngest(away(() => true));
    const event = { topic: 'a', data: 1 };
    const lines = { body: '{"topic":"a","data":1}', headers: { 'Content-Type': 'application/x-ndjson' } };
    for (const answer of [
      await ingest.publish([event, event]),
      await ingest.publish({ topics: ['a', 'b'], data: 1 }),
      await ingest.send('/v1/events', lines),
    ]) {
      expect(answer.status).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.body.code).toBe('unavailable');
      expect(answer.body.results[0]).toMatchObject({ status: 503, topic: 'a', problem: { code: 'unavailable' } });
    }
  });

  it('section 5: Retry-After is what the failure says itself, of several the latest, and stands in no result', async () => {
    const ingest = await startIngest({
      wrap: () => ({
        publish: ({ topic }) => {
          const details = topic === 'unknown' ? {} : { retryAfterSec: Number(topic) };
          return Promise.reject(new TidingsError('unavailable', 'The broker can not be reached.', details));
        },
      }),
    });
    for (const [topics, expected] of [
      ['7', '7'],
      ['unknown', '1'],
      [['3', '12', '5'], '12'],
      [['unknown', 'unknown'], '1'],
    ] as const) {
      const answer = await ingest.publish({ [typeof topics === 'string' ? 'topic' : 'topics']: topics, data: 1 });
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, expected]);
      expect(answer.text).not.toContain('retryAfter');
    }
    expect((await ingest.raw('9', 'x')).headers['retry-after']).toBe('9');
  });

  it('section 5: a batch that failed in part is 207, each result with its own status', async () => {
    const ingest = await startIngest(away(({ topic }) => topic === 'b'));
    const answer = await ingest.publish([
      { topic: 'a', data: 1 },
      { topic: 'b', data: 2 },
      { topic: 'c', data: 3 },
    ]);
    expect(answer.status).toBe(207);
    expect(answer.body.results.map(({ status }: { status: number }) => status)).toEqual([202, 503, 202]);
    expect(answer.text).not.toContain('retryAfter');
    expect(ingest.texts()).toEqual(['1', '3']);
  });

  it('section 5: a batch that failed for several reasons of one status has that status', async () => {
    const ingest = await startIngest({
      wrap: () => ({
        publish: ({ topic }) => Promise.reject(new TidingsError(topic === 'a' ? 'unavailable' : 'draining', 'Away.')),
      }),
    });
    const { status, headers, body } = await ingest.publish({ topics: ['a', 'b'], data: 1 });
    expect([status, body.status, body.code]).toEqual([503, 503, 'all-failed']);
    expect(headers).toHaveProperty('retry-after');
  });

  it('a batch that failed in several ways is 422 and does not ask to try again', async () => {
    const ingest = await startIngest(away(() => true));
    const answer = await ingest.publish([{ topic: 'a', data: 1 }, { topic: 'a' }]);
    expect([answer.status, answer.body.code]).toEqual([422, 'all-failed']);
    expect(answer.headers).not.toHaveProperty('retry-after');
  });

  it('section 5: trying again with the same id stores once what the first try may have stored', async () => {
    let calls = 0;
    const ingest = await startIngest({
      wrap: (broker) => ({
        async publish(input) {
          const receipt = await broker.publish(input);
          calls += 1;
          if (calls === 1) throw new TidingsError('unavailable', 'The confirmation was lost.');
          return receipt;
        },
      }),
    });
    const event = { topic: 'a', data: 1, id: 'x' };
    expect((await ingest.publish(event)).status).toBe(503);
    expect((await ingest.publish(event)).body).toMatchObject({ topic: 'a', duplicate: true });
    expect(ingest.messages).toHaveLength(1);
  });

  it('a broker that fails unexpectedly is a 500 with an id, and its own words stay in the log', async () => {
    const ingest = await startIngest({
      wrap: () => ({ publish: () => Promise.reject(new Error('password of the broker')) }),
    });
    for (const event of [
      { topic: 'a', data: 1 },
      { topics: ['a', 'b'], data: 1 },
      [
        { topic: 'a', data: 1 },
        { topic: 'b', data: 2 },
      ],
    ]) {
      const answer = await ingest.publish(event);
      expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
      expect(answer.text).not.toContain('password');
    }
    // One line for each event and topic that failed.
    expect(ingest.lines.filter(({ msg }) => msg === 'unexpected error')).toHaveLength(5);
  });

  it('a broker that fails unexpectedly for one event hides nothing of what became of the others', async () => {
    const ingest = await startIngest({
      wrap: (broker) => ({
        publish: (input) => (input.topic === 'bad' ? Promise.reject(new Error('oh')) : broker.publish(input)),
      }),
    });
    const answer = await ingest.publish([
      { topic: 'a', data: 1 },
      { topic: 'bad', data: 2 },
    ]);
    expect(answer.status).toBe(207);
    const { results } = answer.body as unknown as { results: { status: number; id?: string }[] };
    expect(results.map(({ status }) => status)).toEqual([202, 500]);
    expect(results[0]?.id).toBeDefined();
  });
});

describe('a broker that is slow', () => {
  it('a publish that hangs does not block the requests of others', async () => {
    const gate = createGate();
    const ingest = await startIngest({
      wrap: (broker) => ({
        publish: (input) =>
          (input.topic === 'slow' ? gate.wrap(broker).publish?.(input) : broker.publish(input)) as never,
      }),
    });
    const slow = ingest.publish({ topic: 'slow', data: 1 });
    await until(() => gate.waiting.length === 1);
    expect((await ingest.publish({ topic: 'fast', data: 2 })).status).toBe(202);
    expect((await ingest.raw('fast', '3')).status).toBe(202);
    expect((await ingest.publish([{ topic: 'fast', data: 4 }])).status).toBe(202);
    gate.release();
    expect((await slow).status).toBe(202);
    expect(ingest.texts()).toEqual(['2', '3', '4', '1']);
  });

  it('section 5: the events of a batch are handed over in order, though the broker confirms them in another', async () => {
    const order: string[] = [];
    const ingest = await startIngest({
      wrap: () => ({
        async publish({ topic, data }) {
          const seq = order.push(Buffer.from(data).toString());
          // The later, the sooner.
          for (let turn = 0; turn < 40 - seq; turn += 1) await Promise.resolve();
          return { epoch: 'e', seq, duplicate: topic === 'b' };
        },
      }),
    });
    const numbers = Array.from({ length: 30 }, (_, number) => number);
    const { body } = await ingest.publish(numbers.map((data) => ({ topic: 'a', data })));
    expect(order).toEqual(numbers.map(String));
    expect(body.results.map(({ index }: { index: number }) => index)).toEqual(numbers);
    expect(body.results[29].id).toContain('e.u.');
  });

  it('a client that leaves while its event is being stored harms nobody', async () => {
    const gate = createGate();
    const ingest = await startIngest({ wrap: gate.wrap });
    const client = new AbortController();
    const answer = ingest.raw('a', 'x', '', { signal: client.signal });
    await until(() => gate.waiting.length === 1);
    client.abort();
    await expect(answer).rejects.toThrow();
    const [line] = await ingest.requestLines(1);
    expect(line).toMatchObject({ status: 499, user: 'alice' });
    gate.release();
    await until(() => ingest.messages.length === 1);
    expect((await ingest.publish({ topic: 'a', data: 1 })).status).toBe(202);
  });
});
