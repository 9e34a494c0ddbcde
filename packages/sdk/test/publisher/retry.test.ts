import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlessAborted } from '../../src/publisher/abort.ts';
import { HubError } from '../../src/publisher/index.ts';
import { toWaitMs } from '../../src/publisher/retry.ts';
import { accept, type Behaviour, breakOff, countListeners, createScripted, hang, refuse } from './scripted.ts';

const html =
  (status: number, headers: Record<string, string> = {}) =>
  (): Response =>
    new Response('<h1>Bad Gateway</h1>', { status, headers: { 'content-type': 'text/html', ...headers } });

describe('a publish that fails for a passing reason', () => {
  it.each([
    ['a connection that breaks', breakOff],
    ['a broker that is away', refuse('unavailable', { 'retry-after': '1' })],
    ['a node that shuts down', refuse('draining', { 'retry-after': '1' })],
    ['a rate', refuse('rate-limited', { 'retry-after': '1' })],
    ['a body that came too slowly', refuse('request-timeout')],
    ['a fault of the server', refuse('internal')],
    ['a proxy that reaches nobody', html(502)],
    ['a proxy that waited too long', html(504)],
  ])('is repeated under the same id: %s', async (_what, behaviour) => {
    const { publisher, requests, run } = createScripted([behaviour, behaviour, accept]);
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { topic: 'a', duplicate: false } });
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ lines }) => lines[0]?.id)).size).toBe(1);
  });

  it('is repeated after spans that double from 100 ms to 3 s, until its time is up, and rejects with the last error', async () => {
    const { publisher, requests, run } = createScripted([breakOff]);
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'network', cause: { message: 'fetch failed' } },
    });
    const waits = requests.slice(1).map(({ atMs }, place) => atMs - (requests[place]?.atMs ?? 0));
    expect(waits.slice(0, 7)).toEqual([100, 200, 400, 800, 1_600, 3_000, 3_000]);
    expect(outcome.tookMs).toBeGreaterThan(26_000);
    expect(outcome.tookMs).toBeLessThanOrEqual(30_000);
  });

  it('waits as long as the server asks for, and a part of a span more', async () => {
    const { publisher, requests, run } = createScripted([refuse('unavailable', { 'retry-after': '7' }), accept]);
    await run(publisher.publish('a', 1));
    expect(requests[1]?.atMs).toBe(7_100);
  });

  it('heeds a Retry-After that is a date', async () => {
    const { publisher, requests, clock, run } = createScripted([
      () => html(503, { 'retry-after': new Date(clock.now() + 5_000).toUTCString() })(),
      accept,
    ]);
    await run(publisher.publish('a', 1));
    expect(requests[1]?.atMs).toBeGreaterThan(4_000);
    expect(requests[1]?.atMs).toBeLessThanOrEqual(5_100);
  });

  it('is not waited for when the server asks for longer than the time that is left', async () => {
    const { publisher, requests, run } = createScripted([refuse('quota-exceeded', { 'retry-after': '30' })]);
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'quota-exceeded', status: 429 }, tookMs: 0 });
    expect(requests).toHaveLength(1);
  });

  it('is given up after its time, in tries of a third of it', async () => {
    const { publisher, requests, run } = createScripted([hang], { timeoutMs: 6_000 });
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'HubError', code: 'timeout' } });
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 2_100, 4_300]);
    expect(outcome.tookMs).toBe(6_000);
    expect(requests.every(({ signal }) => signal.aborted)).toBe(true);
  });

  it('property: a wait is never shorter than the server asks for, and never more than 3 s longer', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (tries, askedMs, random) => {
        const waitMs = toWaitMs(tries, askedMs, random);
        expect(waitMs).toBeGreaterThanOrEqual(askedMs);
        expect(waitMs).toBeLessThan(askedMs + 3_000);
      }),
    );
  });
});

describe('a publish that fails for good', () => {
  it.each([
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not-found', 404],
    ['body-too-large', 413],
    ['unsupported-media-type', 415],
    ['wrong-cell', 421],
    ['invalid-topic', 422],
  ] as const)('rejects at once with the code of the server: %s', async (code, status) => {
    const { publisher, requests, run } = createScripted([refuse(code, {}, 'Because.')]);
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { name: 'HubError', code, status, message: 'Because.', problem: { code } },
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['a page', () => new Response('<html>', { status: 200, headers: { 'content-type': 'text/html' } }), 200],
    ['nothing', () => new Response(null, { status: 204 }), 204],
    ['a redirect', () => new Response(null, { status: 308, headers: { location: 'https://hub.example' } }), 308],
    [
      'JSON that breaks off',
      () => new Response('{"results":[', { status: 202, headers: { 'content-type': 'application/json' } }),
      202,
    ],
    ['no object', () => Response.json(null, { status: 202 }), 202],
    ['no results', () => Response.json({ ok: true }, { status: 202 }), 202],
    ['results that are none', () => Response.json({ results: [{ index: '0' }] }, { status: 202 }), 202],
    ['no result for the event', () => Response.json({ results: [] }, { status: 202 }), 202],
    [
      'a result for another',
      () => Response.json({ results: [{ index: 1, topic: 'a', status: 202 }] }, { status: 202 }),
      202,
    ],
    [
      'a result that is neither',
      () => Response.json({ results: [{ index: 0, topic: 'a', status: 500 }] }, { status: 202 }),
      202,
    ],
    ["another's problem", () => Response.json({ type: 'about:blank', code: 'x', title: 'No' }, { status: 403 }), 403],
  ])('rejects with `answer` for an answer that no Tidings server gives: %s', async (_what, behaviour, status) => {
    const { publisher, requests, run } = createScripted([behaviour]);
    const outcome = await run(publisher.publish('a', 1));
    expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'HubError', code: 'answer', status } });
    expect(requests).toHaveLength(1);
  });
});

describe('a signal', () => {
  const reason = new Error('enough');

  it.each([
    ['while a try is under way', hang],
    ['while it waits for the next', refuse('unavailable', { 'retry-after': '20' })],
  ])('ends a publish %s', async (_when, behaviour) => {
    const { publisher, requests, clock, run } = createScripted([behaviour]);
    const controller = new AbortController();
    clock.after(5_000, () => controller.abort(reason));
    const outcome = await run(publisher.publish('a', 1, { signal: controller.signal }));
    expect(outcome).toMatchObject({ status: 'rejected', reason, tookMs: 5_000 });
    expect(requests).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('that was aborted before publishes nothing, whether it is of the publisher or of the call', async () => {
    const signal = AbortSignal.abort(reason);
    const scripted = createScripted([accept]);
    await expect(scripted.publisher.publish('a', 1, { signal })).rejects.toBe(reason);
    await expect(scripted.publisher.publishMany([{ topic: 'a', data: 1 }], { signal })).rejects.toBe(reason);
    const closed = createScripted([accept], { signal });
    await expect(closed.publisher.publish('a', 1)).rejects.toBe(reason);
    await expect(closed.publisher.stream('a').write(1)).rejects.toBe(reason);
    expect([...scripted.requests, ...closed.requests]).toEqual([]);
  });

  it('ends many events though some were accepted, whatever its reason is', async () => {
    const controller = new AbortController();
    const reason = new HubError('closed', 'The stream was aborted.');
    const abort: Behaviour = () => {
      controller.abort(reason);
      throw new TypeError('fetch failed');
    };
    const { publisher, requests, run } = createScripted([accept, abort]);
    const events = Array.from({ length: 3_000 }, () => ({ topic: 'a', data: 1 }));
    const outcome = await run(publisher.publishMany(events, { signal: controller.signal }));
    expect(outcome).toMatchObject({ status: 'rejected', reason });
    expect(requests).toHaveLength(2);
  });

  it('is listened to once, however many publishes it would end', async () => {
    const controller = new AbortController();
    const listeners = countListeners(controller.signal);
    const { publisher, run } = createScripted([hang], { signal: controller.signal });
    const publishing = Array.from({ length: 30 }, () => publisher.publish('a', 1));
    await run(Promise.resolve());
    expect(listeners()).toBe(1);
    controller.abort(reason);
    const outcomes = await Promise.allSettled(publishing);
    expect(outcomes.every((each) => each.status === 'rejected' && each.reason === reason)).toBe(true);
  });

  it('of a publisher keeps nothing of a publish or a stream that is over, however it ended', async () => {
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    const { publisher, clock, run } = createScripted([breakOff, accept, accept, accept, refuse('forbidden')], {
      signal,
    });
    await run(publisher.publish('a', 1));
    const stream = publisher.stream('a');
    await stream.write(1);
    await run(stream.end());
    const failing = publisher.stream('a');
    expect(await run(failing.end())).toMatchObject({ reason: { code: 'forbidden' } });
    expect(failing.signal.reason).toMatchObject({ code: 'forbidden' });
    expect([listeners(), clock.pending]).toEqual([0, 0]);
  });

  it('that ends the wait for something is not listened to any more when that has come', async () => {
    const { signal } = new AbortController();
    const listeners = countListeners(signal);
    expect(await unlessAborted(Promise.resolve('there'), [signal])).toBe('there');
    await expect(unlessAborted(Promise.reject(reason), [signal])).rejects.toBe(reason);
    await new Promise((resolve) => setImmediate(resolve));
    expect(listeners()).toBe(0);
  });
});
