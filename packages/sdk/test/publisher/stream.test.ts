import { describe, expect, it } from 'vitest';
import { HubError } from '../../src/publisher/index.ts';
import {
  accept,
  answerResults,
  type Behaviour,
  breakOff,
  createScripted,
  failed,
  hang,
  refuse,
  type SentRequest,
} from './scripted.ts';

const flat = (requests: readonly SentRequest[]): unknown[] =>
  requests.flatMap(({ lines }) => lines.map(({ data }) => data));

/** A server that answers nothing until it is opened. */
function createDam(): { readonly behaviour: Behaviour; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open: () => open(),
    behaviour: async (request) => {
      await opened;
      return accept(request);
    },
  };
}

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol();
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
};

describe('a stream', () => {
  it('has one request under way; what is written meanwhile goes in the next, and the final event alone at the end', async () => {
    const dam = createDam();
    const { publisher, requests, run } = createScripted([dam.behaviour]);
    const stream = publisher.stream('log.1', { event: 'line', ttl: 60 });
    await stream.write('one');
    await run(Promise.resolve());
    await Promise.all(['two', 'three'].map((text) => stream.write(text)));
    const ended = stream.end({ code: 0 });
    await run(Promise.resolve());
    expect(requests).toHaveLength(1);
    dam.open();
    expect(await run(ended)).toMatchObject({ value: { topic: 'log.1', duplicate: false, id: expect.any(String) } });
    const line = { topic: 'log.1', event: 'line', ttl: 60, id: expect.any(String) };
    expect(requests.map(({ lines }) => lines)).toEqual([
      [{ ...line, data: 'one' }],
      [
        { ...line, data: 'two' },
        { ...line, data: 'three' },
      ],
      [{ ...line, event: 'end', data: { code: 0 }, final: true }],
    ]);
  });

  it('sends what is written at once in one request, of 250 events and a million bytes at most', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    const stream = publisher.stream('log.1', { maxWaitingBytes: 1e9 });
    const texts = Array.from({ length: 600 }, (_, place) => `${place}`);
    await run(Promise.all(texts.map((text) => stream.write(text))));
    for (let place = 0; place < 3; place += 1) void stream.write('x'.repeat(600_000));
    await run(stream.end());
    expect(requests.map(({ lines }) => lines.length)).toEqual([250, 250, 100, 1, 1, 1, 1]);
    expect(flat(requests).slice(0, 600)).toEqual(texts);
    expect(requests.at(-1)?.lines[0]).toMatchObject({ event: 'end', data: null, final: true });
  });

  it.each([
    ['events', { maxWaitingEvents: 3 }, 'x'],
    ['bytes', { maxWaitingBytes: 3_000 }, 'x'.repeat(900)],
  ])('lets a writer wait while the server stalls, once it holds as many %s as it may', async (_what, limits, text) => {
    const dam = createDam();
    const { publisher, requests, run } = createScripted([dam.behaviour]);
    const stream = publisher.stream('log.1', limits);
    await stream.write(text);
    await run(Promise.resolve());
    for (let place = 0; place < 3; place += 1) await stream.write(text);
    const waiting = [stream.write(text), stream.write(text), stream.end()];
    for (const promise of waiting) expect(await isPending(promise)).toBe(true);
    dam.open();
    expect(await run(Promise.all(waiting))).toMatchObject({ status: 'fulfilled' });
    expect(requests.map(({ lines }) => lines.length)).toEqual([1, 5, 1]);
    expect(flat(requests)).toEqual([...Array(6).fill(text), null]);
  });

  it('lets a writer go on once what it wrote is under way, and fills the next request meanwhile', async () => {
    const dam = createDam();
    const { publisher, requests, run } = createScripted([dam.behaviour, hang]);
    const stream = publisher.stream('log.1', { maxWaitingEvents: 1 });
    await stream.write(1);
    await run(Promise.resolve());
    await stream.write(2);
    const third = stream.write(3);
    dam.open();
    expect(await run(third)).toMatchObject({ status: 'fulfilled', tookMs: 0 });
    expect(flat(requests)).toEqual([1, 2, 3]);
    stream.abort();
  });

  it('fails with `overflow` when its writer does not wait, and holds nothing any more', async () => {
    const { publisher, requests, run } = createScripted([hang]);
    const stream = publisher.stream('log.1', { maxWaitingEvents: 10 });
    const outcome = await run(Promise.allSettled(Array.from({ length: 150 }, (_, place) => stream.write(place))));
    const outcomes = outcome.status === 'fulfilled' ? outcome.value : [];
    expect(outcomes.slice(0, 10).every(({ status }) => status === 'fulfilled')).toBe(true);
    for (const each of outcomes.slice(10)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'overflow' } });
    }
    expect(stream.signal.reason).toMatchObject({ code: 'overflow' });
    await expect(stream.end()).rejects.toMatchObject({ code: 'overflow' });
    // It had not begun: nothing of a stream with a hole is sent.
    expect(requests).toEqual([]);
  });

  it('takes events that are larger than its room, and a hundred calls that each wait', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    const stream = publisher.stream('log.1', { maxWaitingEvents: 1, maxWaitingBytes: 100 });
    const texts = Array.from({ length: 100 }, (_, place) => `${place}`.repeat(200));
    expect(await run(Promise.all(texts.map((text) => stream.write(text))))).toMatchObject({ status: 'fulfilled' });
    await run(stream.end());
    expect(flat(requests)).toEqual([...texts, null]);
  });

  it.each([{ maxWaitingEvents: 0 }, { maxWaitingEvents: Number.NaN }, { maxWaitingBytes: -1 }])(
    'has room for something: %o is a TypeError',
    (options) => {
      const { publisher } = createScripted([accept]);
      expect(() => publisher.stream('log.1', options)).toThrow(TypeError);
    },
  );

  it('repeats a request that fails for a passing reason, before anything that was written later', async () => {
    const { publisher, requests, run } = createScripted([accept, breakOff, refuse('unavailable'), accept]);
    const stream = publisher.stream('log.1');
    for (const number of [1, 2, 3]) await run(stream.write(number));
    await run(stream.end());
    expect(flat(requests)).toEqual([1, 2, 2, 2, 3, null]);
    const [, second, third, fourth] = requests;
    expect([third?.lines, fourth?.lines]).toEqual([second?.lines, second?.lines]);
  });

  it('repeats of a request what was not stored, and first', async () => {
    const half: Behaviour = ({ lines }) =>
      answerResults(
        lines.map((_, index) =>
          index < 2 ? { status: 202, index, topic: 'log.1', id: 'c' } : failed(index, 'log.1', 'unavailable'),
        ),
        207,
      );
    const { publisher, requests, run } = createScripted([half, accept]);
    const stream = publisher.stream('log.1');
    for (const number of [1, 2, 3, 4]) void stream.write(number);
    await run(stream.end());
    expect(requests.map(({ lines }) => lines.map(({ data }) => data))).toEqual([[1, 2, 3, 4], [3, 4], [null]]);
  });

  it('fails when an event was overtaken by one behind it, which no repetition mends', async () => {
    const overtaken: Behaviour = () =>
      answerResults(
        [failed(0, 'log.1', 'unavailable', 'The broker was away.'), { status: 202, index: 1, topic: 'log.1', id: 'c' }],
        207,
      );
    const { publisher, requests, run } = createScripted([overtaken, accept]);
    const stream = publisher.stream('log.1');
    void stream.write(1);
    void stream.write(2);
    expect(await run(stream.end())).toMatchObject({ reason: { code: 'unavailable', message: 'The broker was away.' } });
    expect(requests).toHaveLength(1);
  });

  it('goes on when what stands behind a late event was stored by an earlier try', async () => {
    const stored: Behaviour = () =>
      answerResults(
        [failed(0, 'log.1', 'unavailable'), { status: 202, index: 1, topic: 'log.1', id: 'c', duplicate: true }],
        207,
      );
    const { publisher, requests, run } = createScripted([breakOff, stored, accept]);
    const stream = publisher.stream('log.1');
    void stream.write(1);
    void stream.write(2);
    expect(await run(stream.end())).toMatchObject({ status: 'fulfilled' });
    expect(requests[2]?.lines.map(({ data }) => data)).toEqual([1]);
  });

  it('that fails for good rejects what waits and what comes, never sends its end, and says so by its signal', async () => {
    const dam = createDam();
    const { publisher, requests, run } = createScripted([
      async (request) => {
        await dam.behaviour(request);
        return refuse('forbidden', {}, 'The token may not publish to log.1.')(request);
      },
    ]);
    const stream = publisher.stream('log.1', { maxWaitingEvents: 1 });
    await stream.write(1);
    await run(Promise.resolve());
    await stream.write(2);
    const waiting = [stream.write(3), stream.end()];
    const outcomes = run(Promise.allSettled(waiting));
    dam.open();
    const rejected = { status: 'rejected', reason: { name: 'HubError', code: 'forbidden' } };
    expect(await outcomes).toMatchObject({ value: [rejected, rejected] });
    await expect(stream.write(4)).rejects.toMatchObject({ code: 'forbidden' });
    expect(stream.signal.reason).toMatchObject({ code: 'forbidden', message: 'The token may not publish to log.1.' });
    expect(flat(requests)).toEqual([1]);
  });

  it('is given up when the server is away for longer than the time of a request', async () => {
    const { publisher, run } = createScripted([breakOff], { timeoutMs: 5_000 });
    const stream = publisher.stream('log.1');
    await stream.write(1);
    const outcome = await run(stream.end());
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'network' } });
    expect(outcome.tookMs).toBeLessThanOrEqual(5_000);
  });

  it('takes nothing that JSON can not say, and goes on', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    const stream = publisher.stream('log.1');
    await expect(stream.write(undefined)).rejects.toThrow(TypeError);
    await stream.write('fine');
    await run(stream.end());
    expect(flat(requests)).toEqual(['fine', null]);
  });

  it('takes nothing after its end', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    const stream = publisher.stream('log.1', { finalEvent: 'done' });
    const ended = stream.end();
    await expect(stream.write(1)).rejects.toMatchObject({ code: 'closed' });
    await expect(stream.end()).rejects.toMatchObject({ code: 'closed' });
    await run(ended);
    stream.abort();
    expect(stream.signal.aborted).toBe(false);
    expect(requests.map(({ lines }) => lines[0]?.event)).toEqual(['done']);
  });

  it('that is aborted takes its request back, rejects what waits and leaves the topic open', async () => {
    const { publisher, requests, clock, run } = createScripted([hang]);
    const stream = publisher.stream('log.1', { maxWaitingEvents: 1 });
    await stream.write(1);
    await run(Promise.resolve());
    await stream.write(2);
    const waiting = stream.write(3);
    stream.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await expect(stream.end()).rejects.toBeInstanceOf(HubError);
    expect(requests[0]?.signal.aborted).toBe(true);
    await run(Promise.resolve());
    expect([requests.length, clock.pending]).toEqual([1, 0]);
  });

  it.each(['its own', "its publisher's"])('ends with %s signal, though nothing is under way', async (whose) => {
    const controller = new AbortController();
    const { signal } = controller;
    const { publisher, run } = createScripted([accept], whose === 'its own' ? {} : { signal });
    const stream = publisher.stream('log.1', whose === 'its own' ? { signal } : {});
    await run(stream.write(1));
    const reason = new Error('enough');
    controller.abort(reason);
    expect(stream.signal.reason).toBe(reason);
    await expect(stream.write(2)).rejects.toBe(reason);
  });
});

describe('a source that is piped', () => {
  it('is written in order, and what it returns is the data of the final event', async () => {
    async function* tokens(): AsyncGenerator<string> {
      yield 'Once';
      yield ' upon';
      return { tokens: 2 };
    }
    const { publisher, requests, run } = createScripted([accept]);
    expect(await run(publisher.pipe('chat.1', tokens(), { event: 'token' }))).toMatchObject({
      value: { topic: 'chat.1' },
    });
    expect(flat(requests)).toEqual(['Once', ' upon', { tokens: 2 }]);
    expect(requests.flatMap(({ lines }) => lines.map(({ event }) => event))).toEqual(['token', 'token', 'end']);
  });

  it('may be a web stream', async () => {
    const { publisher, requests, run } = createScripted([accept]);
    const source = new Response('a line').body?.pipeThrough(
      new TextDecoderStream(),
    ) as unknown as AsyncIterable<string>;
    await run(publisher.pipe('log.1', source));
    expect(flat(requests)).toEqual(['a line', null]);
  });

  it('is asked for no more than there is room for', async () => {
    let yielded = 0;
    async function* endless(): AsyncGenerator<number> {
      while (true) yield ++yielded;
    }
    const { publisher, run } = createScripted([hang], { timeoutMs: 2_000 });
    const outcome = await run(publisher.pipe('log.1', endless(), { maxWaitingEvents: 50 }));
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'timeout' } });
    // One is under way, 50 wait, and one was written when there was no room.
    expect(yielded).toBe(52);
  });

  it.each([
    ['null', undefined, null],
    [
      'what `toFailure` says',
      (error: unknown) => ({ message: (error as Error).message }),
      { message: 'out of tokens' },
    ],
  ])(
    'that fails tells its readers by a final event `failed`, with %s, and rejects with its error',
    async (_what, toFailure, data) => {
      const error = new Error('out of tokens');
      async function* failing(): AsyncGenerator<string> {
        yield 'Once';
        throw error;
      }
      const { publisher, requests, run } = createScripted([accept]);
      expect(await run(publisher.pipe('chat.1', failing(), toFailure && { toFailure }))).toMatchObject({
        reason: error,
      });
      expect(requests.flatMap(({ lines }) => lines)).toMatchObject([
        { data: 'Once' },
        { event: 'failed', data, final: true },
      ]);
    },
  );

  it('that fails while its readers can not be told rejects with both errors', async () => {
    const error = new Error('out of tokens');
    const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
    const { publisher, run } = createScripted([refuse('forbidden')]);
    const outcome = (await run(publisher.pipe('chat.1', source))) as PromiseRejectedResult;
    expect(outcome.reason.errors).toEqual([error, expect.objectContaining({ code: 'forbidden' })]);
  });

  it('that yields what JSON can not say is closed, and its readers are told', async () => {
    let isClosed = false;
    async function* odd(): AsyncGenerator<unknown> {
      try {
        yield 1n;
      } finally {
        isClosed = true;
      }
    }
    const { publisher, requests, run } = createScripted([accept]);
    expect(await run(publisher.pipe('chat.1', odd()))).toMatchObject({ reason: expect.any(TypeError) });
    expect([isClosed, requests.at(-1)?.lines[0]?.event]).toEqual([true, 'failed']);
  });

  it.each([
    ['publishing fails', breakOff, 'network'],
    ['its signal is aborted', accept, 'enough'],
  ])('is closed when %s, though it is silent; no final event is sent', async (_why, behaviour, message) => {
    let isReturned = false;
    const source: AsyncIterable<string> = {
      [Symbol.asyncIterator]() {
        let asked = 0;
        return {
          next: () => (++asked === 1 ? Promise.resolve({ value: 'Once' }) : new Promise(() => {})),
          async return() {
            isReturned = true;
            return { done: true, value: undefined };
          },
        };
      },
    };
    const { publisher, requests, clock, run } = createScripted([behaviour], { timeoutMs: 3_000 });
    const controller = new AbortController();
    clock.after(5_000, () => controller.abort(new Error('enough')));
    const outcome = (await run(
      publisher.pipe('chat.1', source, { signal: controller.signal }),
    )) as PromiseRejectedResult;
    expect(outcome.reason.code ?? outcome.reason.message).toBe(message);
    await run(Promise.resolve());
    expect(isReturned).toBe(true);
    expect(requests.every(({ lines }) => lines.every(({ final }) => final === undefined))).toBe(true);
  });
});
