import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { laggingSessions, publishUntilLagging, startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloads, payloadsBeforeMarker, payloadsUntil } from './received.ts';

const LAG_BYTES = 65_536;
const FILLER = 'x'.repeat(10_000);

const numbers = (texts: readonly string[]): number[] => texts.map((text) => Number.parseInt(text, 10));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, place) => place);

interface Lag {
  readonly published: number;
  readonly fast: StreamClient;
  readonly slow: StreamClient;
}

/** Publishes to a client that reads and one that does not, until the second lags and then some megabytes more. */
async function fallBehind(edge: TestEdge, query: string, topicOf: (place: number) => string): Promise<Lag> {
  const fast = await edge.stream('topic=%3E');
  const slow = await edge.stream(query);
  await Promise.all([fast.event('hub.live'), slow.event('hub.live')]);
  slow.pause();
  const expectBounded = (): void => {
    for (const socket of edge.sockets) expect(socket.writableLength).toBeLessThanOrEqual(LAG_BYTES + 11 * 11_000);
  };
  // Over HTTP/2 what one turn writes is not sent before the next: more at once, and who reads lags too.
  const publish = async (place: number): Promise<void> => {
    expectBounded();
    await edge.publish(topicOf(place), `${place} ${FILLER}`);
  };
  const published = await publishUntilLagging(edge, publish, 300);
  expectBounded();
  return { published, fast, slow };
}

describe('a client that stops reading', () => {
  it.each([
    ['the ring', 64_000_000],
    ['history', 1_000_000],
  ])(
    'section 4: lag=resume gets every event from %s when it reads again; others are not held up',
    async (_what, ringMaxBytes) => {
      const edge = await startEdge({ settings: { ringMaxBytes } });
      const { published, fast, slow } = await fallBehind(edge, 'topic=%3E', () => 'a');
      expect(numbers(await payloadsBeforeMarker(edge, fast, 'a'))).toEqual(upTo(published));
      expect(await laggingSessions(edge)).toBe(1);
      expect(payloads(slow).length).toBeLessThan(published);
      slow.resume();
      const got = await payloadsBeforeMarker(edge, slow, 'a');
      expect(numbers(got.slice(0, published))).toEqual(upTo(published));
      expect(got).toHaveLength(published + 1);
      await eventually(async () => (await laggingSessions(edge)) === 0);
      expect(names(slow).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live']);
    },
  );

  it('section 4: lag=latest gets of each topic only the newest when it reads again', async () => {
    const edge = await startEdge();
    const { published, slow } = await fallBehind(edge, 'topic=t.*&lag=latest', (place) => `t.${place % 5}`);
    slow.resume();
    const got = numbers(await payloadsUntil(slow, `${published - 1} ${FILLER}`));
    expect(got.slice(-5)).toEqual(upTo(published).slice(-5));
    // What was under way before it lagged came in order, and most of the rest was left out.
    expect(got).toEqual([...got].sort((one, two) => one - two));
    expect(new Set(got).size).toBe(got.length);
    expect(got.length).toBeLessThan(published - 200);
    expect(names(slow).filter((name) => name.startsWith('hub.'))).toEqual(['hub.hello', 'hub.live']);
    await edge.publish('t.1', 'live 1');
    await edge.publish('t.1', 'live 2');
    expect((await payloadsBeforeMarker(edge, slow, 't.1')).slice(-2)).toEqual(['live 1', 'live 2']);
  });

  it('section 4: lag=latest before it ever lagged gets every event, a replay included', async () => {
    const edge = await startEdge();
    for (let place = 0; place < 10; place += 1) await edge.publish('t', `${place}`);
    const client = await edge.stream('topic=t&replay=all&lag=latest');
    for (let place = 10; place < 20; place += 1) await edge.publish('t', `${place}`);
    expect(numbers(await payloadsBeforeMarker(edge, client, 't'))).toEqual(upTo(20));
  });

  it('section 4: closed as slow after the time limit, gone from the registry, and its cursor resumes exactly', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, settings: { lagMaxAgeSec: 60 } });
    const { published, fast, slow } = await fallBehind(edge, 'topic=a', () => 'a');
    clock.advance(59_000);
    expect(edge.edge.openStreams).toBe(2);
    clock.advance(2_000);
    expect(edge.edge.openStreams).toBe(1);
    expect(await edge.openGauge()).toBe(1);
    await eventually(async () => (await laggingSessions(edge)) === 0);
    expect(edge.sockets.size).toBe(2);
    expect(edge.lines.filter(({ msg }) => msg === 'request')).toHaveLength(0);
    // The goodbye can't be delivered: after a while the connection is cut.
    clock.advance(6_000);
    await eventually(() => edge.sockets.size === 1);
    slow.resume();
    await slow.end();
    await eventually(() => edge.lines.some(({ end }) => end === 'slow'));
    const before = payloads(slow).length;
    const again = await edge.stream('topic=a', {
      headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': slow.lastEventId },
    });
    expect(numbers(await payloadsBeforeMarker(edge, again, 'a'))).toEqual(upTo(published).slice(before));
    expect(fast.ended).toBe(false);
  });

  it('section 4: says hub.bye slow where the client reads on within the grace', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock });
    const { slow } = await fallBehind(edge, 'topic=a', () => 'a');
    clock.advance(61_000);
    slow.resume();
    expect((await controlOf(slow, 'hub.bye')).reason).toBe('slow');
    await slow.end();
  });

  it('catches up with the smallest limit that can be configured, below what the socket itself holds back', async () => {
    const edge = await startEdge({ settings: { lagMaxBytes: 4_096 } });
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    client.pause();
    let published = 0;
    const small = 'x'.repeat(500);
    while ((await laggingSessions(edge)) === 0) {
      await edge.publish('a', `${published} ${small}`);
      published += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    client.resume();
    expect(numbers(await payloadsBeforeMarker(edge, client, 'a'))).toEqual(upTo(published));
  });

  it('an event that is larger than the limit and than the ring still comes, once', async () => {
    const edge = await startEdge({ settings: { lagMaxBytes: 4_096, ringMaxBytes: 50_000 } });
    const client = await edge.stream('topic=a');
    await client.event('hub.live');
    const large = 'y'.repeat(1_000_000);
    for (let place = 0; place < 5; place += 1) await edge.publish('a', `${place}${large}`);
    await edge.publish('a', 'after');
    const got = await payloadsUntil(client, 'after');
    expect(got.map((text) => text.slice(0, 2))).toEqual(['0y', '1y', '2y', '3y', '4y', 'af']);
  });

  it('section 4: one that had nothing stored for long, and lags by live-only events, is told of no gap', async () => {
    const edge = await startEdge({ historyMaxBytes: 20_000, settings: { ringMaxBytes: 10_000 } });
    const slow = await edge.stream('topic=a');
    await slow.event('hub.live');
    // The place that its client knows leaves history.
    for (let place = 0; place < 100; place += 1) await edge.publish('b', `${place}`);
    slow.pause();
    while ((await laggingSessions(edge)) === 0) {
      await edge.publish('a', FILLER, { store: false });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await edge.publish('a', 'stored');
    slow.resume();
    expect((await payloadsUntil(slow, 'stored')).at(-1)).toBe('stored');
    expect(names(slow)).not.toContain('hub.gap');
  });
});
