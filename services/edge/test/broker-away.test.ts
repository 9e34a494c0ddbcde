import type { Broker } from '@tidings/broker';
import { encodeCursor, TidingsError } from '@tidings/protocol';
import { createFakeClock, type FakeClock, request, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createGate, type Gate, overriding } from './broker-stand-in.ts';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker } from './received.ts';

const away = (): TidingsError => new TidingsError('unavailable', 'No leader for a minute.', { retryAfterSec: 1 });

interface Setup {
  readonly clock: FakeClock;
  readonly edge: TestEdge;
  /** Of an event that only history still has. */
  readonly cursor: string;
  /** Holds what the test told it to hold. */
  readonly gate: Gate;
  /** Signals of the reads that take one. */
  readonly signals: AbortSignal[];
}

/** An edge whose ring is small, and whose broker answers some reads only once the gate is open: with `then`. */
async function start(read: 'bounds' | 'history' | 'latest' | 'startOf', then?: () => never): Promise<Setup> {
  const clock = createFakeClock();
  const gate = createGate();
  const signals: AbortSignal[] = [];
  const hold = async (signal?: AbortSignal): Promise<void> => {
    if (signal !== undefined) signals.push(signal);
    await gate.pass();
    then?.();
  };
  const parts = (broker: Broker): Record<typeof read, Partial<Broker>> => ({
    bounds: {
      async bounds() {
        await hold();
        return broker.bounds();
      },
    },
    history: {
      async *history(selection, range, signal) {
        await hold(signal);
        yield* broker.history(selection, range, signal);
      },
    },
    latest: {
      async *latest(selection, range, signal) {
        await hold(signal);
        yield* broker.latest(selection, range, signal);
      },
    },
    startOf: {
      async startOf(selection, from, upTo, signal) {
        await hold(signal);
        return broker.startOf(selection, from, upTo, signal);
      },
    },
  });
  const edge = await startEdge({
    clock,
    settings: { ringMaxBytes: 2_000 },
    wrapBroker: (broker) => overriding(broker, parts(broker)[read]),
  });
  const { epoch, seq } = await edge.publish('a', 'zero');
  for (let place = 0; place < 20; place += 1) await edge.publish('a', `${place}`);
  return { clock, edge, gate, signals, cursor: encodeCursor(epoch, seq) };
}

const QUERIES = {
  bounds: (cursor: string) => `topic=a&last_event_id=${cursor}`,
  history: (cursor: string) => `topic=a&last_event_id=${cursor}`,
  latest: () => 'topic=a&replay=last',
  startOf: () => 'topic=a&replay=3',
};
const READS = ['bounds', 'history', 'latest', 'startOf'] as const;

const beats = (client: StreamClient): number => client.comments.filter((comment) => comment === '').length;

async function ask(edge: TestEdge, query: string): Promise<StreamClient> {
  // The time of the token is the test's too.
  return edge.stream(query, { headers: { authorization: `Bearer ${await edge.token(undefined, {}, 86_400)}` } });
}

describe.each(READS)('a stream whose %s waits for the broker', (read) => {
  it('section 4: has heartbeats meanwhile, and then everything', async () => {
    const { clock, edge, gate, cursor } = await start(read);
    const client = await ask(edge, QUERIES[read](cursor));
    await eventually(() => gate.asked > 0);
    for (let beat = 1; beat <= 3; beat += 1) {
      clock.advance(15_500);
      await client.until(() => beats(client) === beat);
    }
    expect(payloads(client)).toEqual([]);
    gate.release();
    const got = await payloadsBeforeMarker(edge, client, 'a');
    expect(got).toHaveLength({ bounds: 20, history: 20, latest: 1, startOf: 3 }[read]);
    expect(names(client)).not.toContain('hub.gap');
  });

  it('section 4: is closed as unavailable when that fails, to be back soon, here or elsewhere, with its cursor', async () => {
    const { edge, gate, cursor } = await start(read, () => {
      throw away();
    });
    const client = await ask(edge, QUERIES[read](cursor));
    await eventually(() => gate.asked > 0);
    gate.release();
    await client.end();
    expect(payloads(client)).toEqual([]);
    const bye = await controlOf(client, 'hub.bye');
    expect(bye.reason).toBe('unavailable');
    expect(client.retries.at(-1)).toBe(bye.retry);
    expect(bye.retry).toBeGreaterThanOrEqual(1_000);
    expect(bye.retry).toBeLessThanOrEqual(5_000);
    // What needs no read of the log is served all the same.
    await (await ask(edge, 'topic=a')).event('hub.live');
  });

  it('ends the read when its client leaves', async () => {
    const { edge, gate, signals, cursor } = await start(read);
    const client = await ask(edge, QUERIES[read](cursor));
    await eventually(() => gate.asked > 0);
    client.destroy();
    await eventually(() => edge.edge.openStreams === 0);
    await eventually(() => signals.every(({ aborted }) => aborted));
    expect(signals).toHaveLength(read === 'bounds' ? 0 : 1);
    gate.release();
  });
});

describe('a stream that fell behind', () => {
  it('and whose client leaves while the broker is asked for the bounds of the log is forgotten at once', async () => {
    const { edge, gate } = await start('bounds');
    const lagging = async (): Promise<number | undefined> =>
      (await edge.metrics.laggingSessions.get()).values[0]?.value;
    const client = await ask(edge, 'topic=a');
    await client.event('hub.live');
    client.pause();
    while ((await lagging()) !== 1) {
      await edge.publish('a', 'x'.repeat(50_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let place = 0; place < 20; place += 1) await edge.publish('a', `${place}`);
    client.resume();
    await eventually(() => gate.asked > 0);
    client.destroy();
    await eventually(async () => (await lagging()) === 0);
    gate.release();
  });
});

describe('a client that waits for an answer', () => {
  it('section 6: and leaves while a finite stream is looked up ends the read, and gets no stream', async () => {
    const { edge, gate, signals, cursor } = await start('latest');
    const opening = ask(edge, `topic=a&until=final&last_event_id=${cursor}`);
    await eventually(() => gate.asked > 0);
    for (const socket of edge.sockets) socket.destroy();
    await expect(opening).rejects.toThrow();
    await eventually(() => signals.every(({ aborted }) => aborted));
    gate.release();
    expect(signals).toHaveLength(1);
    await eventually(() => edge.lines.some(({ msg, status }) => msg === 'request' && status === 499));
    expect(edge.edge.openStreams).toBe(0);
  });

  it.each(['history', 'bounds'] as const)(
    'section 7: and leaves while history waits in its %s holds on to nothing',
    async (read) => {
      const { clock, edge, gate, signals } = await start(read);
      const pending = clock.pending;
      const aborter = new AbortController();
      const reading = request(`${edge.url}/v1/topics/a/events`, {
        headers: { authorization: `Bearer ${await edge.token()}` },
        signal: aborter.signal,
      });
      await eventually(() => gate.asked > 0);
      expect(clock.pending).toBe(pending + 1);
      aborter.abort();
      await expect(reading).rejects.toThrow();
      await eventually(() => clock.pending === pending);
      expect(signals.every(({ aborted }) => aborted)).toBe(true);
      gate.release();
    },
  );

  it.each(['history', 'bounds'] as const)(
    'section 7: is told 503 after 30 s when the %s of history do not come',
    async (read) => {
      const { clock, edge, gate } = await start(read);
      const reading = edge.get('/v1/topics/a/events');
      await eventually(() => gate.asked > 0);
      clock.advance(30_000);
      const answer = await reading;
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      gate.release();
    },
  );

  it('section 7: with what is no cursor is told so, broker or not', async () => {
    const { edge } = await start('bounds');
    expect((await edge.get('/v1/topics/a/events?after=garbage')).status).toBe(422);
  });
});
