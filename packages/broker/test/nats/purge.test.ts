import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf, type RecordingSink, textOf } from '../../src/contract/fixture.ts';
import type { NatsBrokerOptions, NatsRole } from '../../src/nats/options.ts';
import { createErasures, encodePurge, parsePurge } from '../../src/nats/purge.ts';
import type { Broker, Selection } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { createGate } from './gate.ts';

let fixture: NatsFixture;
/** What is said among the followers. */
let heartbeats: { id: string; position: number; leaving?: boolean }[];

beforeAll(async () => {
  fixture = await createNatsFixture();
  fixture.admin.subscribe('ctl.edge.*', {
    callback: (_, message) => void heartbeats.push({ id: message.subject, ...(message.json() as object) } as never),
  });
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  heartbeats = [];
  await fixture.deleteStream();
});

async function open(role: NatsRole, change: Partial<NatsBrokerOptions> = {}): Promise<Broker> {
  const broker = fixture.create(role, change);
  onTestFinished(() => broker.close());
  await broker.open();
  return broker;
}

/** An ingest that has listened to the followers for long enough, on a clock that a test moves. */
async function openIngest(): Promise<{ ingest: Broker; clock: FakeClock }> {
  const clock = createFakeClock();
  return { ingest: await open('ingest', { clock }), clock };
}

async function openEdge(change: Partial<NatsBrokerOptions> = {}): Promise<{ edge: Broker; sink: RecordingSink }> {
  const edge = await open('edge', change);
  const sink = createRecordingSink();
  const known = new Set(heartbeats.map(({ id }) => id));
  await edge.openFeed(sink);
  await vi.waitFor(() => expect(heartbeats.some(({ id }) => !known.has(id))).toBe(true), 3_000);
  return { edge, sink };
}

/** Somebody who follows, as far as anybody can hear. */
async function say(id: string, heartbeat: object, hearer: Broker): Promise<void> {
  fixture.admin.publish(`ctl.edge.${id}`, JSON.stringify(heartbeat));
  await fixture.admin.flush();
  // Its answer comes on the same connection, behind what was said.
  await hearer.bounds();
}

const of = (...patterns: string[]): Selection => ({ tenant: 'default', patterns });

async function read(broker: Broker, selection: Selection = of('>')): Promise<string[]> {
  const range = { after: 0, upTo: broker.position() };
  return (await collect(broker.history(selection, range, AbortSignal.timeout(5_000)))).map(textOf);
}

describe('a purge', () => {
  it('is told to the feeds of all processes, in its place in the log, before it is answered', async () => {
    const { ingest, clock } = await openIngest();
    const followers = [await openEdge(), await openEdge()];
    clock.advance(2_500);
    for (const topic of ['a.1', 'b', 'a.2']) await ingest.publish(eventOf(topic, topic));
    await ingest.publish(eventOf('a.1', 'theirs', { tenant: 'acme' }));
    await ingest.purge(of('a.>'));
    for (const { sink } of followers) expect(sink.calls.at(-1)).toBe('purged a.> 4');
    await ingest.publish(eventOf('a.1', 'later'));
    for (const { edge, sink } of followers) {
      await sink.received(5);
      expect(sink.calls.slice(-2)).toEqual(['purged a.> 4', 'message 6']);
      expect(await read(edge)).toEqual(['b', 'later']);
      expect(await read(edge, { tenant: 'acme', patterns: ['>'] })).toEqual(['theirs']);
    }
    // It is gone from the store, and not only hidden.
    const { state } = (await fixture.api('STREAM.INFO.EVT_0', { subjects_filter: '>' })) as {
      state: { subjects: object };
    };
    expect(Object.keys(state.subjects).sort()).toEqual([
      'evt.0.$.purge',
      'evt.0.acme.a.1',
      'evt.0.default.a.1',
      'evt.0.default.b',
    ]);
  });

  it('is not readable from a replica that has not heard of the erasure: who was told hides it', async () => {
    const { ingest, clock } = await openIngest();
    const { edge, sink } = await openEdge();
    clock.advance(2_500);
    await ingest.publish(eventOf('a', 'secret'));
    await ingest.publish(eventOf('b', 'b'));
    await sink.received(2);
    // As it stands in the log, without the erasure that follows: so a replica sees it that is behind.
    const { data } = encodePurge(of('a'), 'id');
    await fixture.admin.request('evt.0.$.purge', data);
    await vi.waitFor(() => expect(sink.calls.at(-1)).toBe('purged a 2'), 3_000);
    expect(await read(edge)).toEqual(['b']);
    const range = { after: 0, upTo: edge.position() };
    const latest = await collect(edge.latest(of('>'), range, AbortSignal.timeout(5_000)));
    expect(latest.map(textOf)).toEqual(['b']);
    expect(await edge.startOf(of('a'), { count: 1 }, 3, AbortSignal.timeout(5_000))).toBe(3);
    expect(await edge.startOf(of('>'), { sinceMs: 1 }, 3, AbortSignal.timeout(5_000))).toBe(1);
  });

  it('of several patterns, wildcards and topics of odd characters erases just these', async () => {
    const { ingest, clock } = await openIngest();
    const { edge, sink } = await openEdge();
    clock.advance(2_500);
    const topics = ['x.1', 'x.2.deep', 'y', 'z.%2e', 'z.😀', 'z.$x'];
    for (const topic of topics) await ingest.publish(eventOf(topic, topic));
    await ingest.purge(of('x.*', 'z.😀', 'y', 'none.>'));
    expect(await read(edge)).toEqual(['x.2.deep', 'z.%2e', 'z.$x']);
    expect(sink.calls.at(-1)).toBe('purged x.*,z.😀,y,none.> 6');
  });

  it('is refused as unavailable within five seconds where a follower does not confirm it', async () => {
    const { ingest, clock } = await openIngest();
    await openEdge();
    clock.advance(2_500);
    await ingest.publish(eventOf('a', 'x'));
    await say('stuck', { epoch: ingest.epoch, position: 1 }, ingest);
    const before = heartbeats.length;
    let outcome = 'waits';
    const purged = ingest.purge(of('a')).then(
      () => {
        outcome = 'answered';
      },
      ({ code, message }) => {
        outcome = `${code}: ${message}`;
      },
    );
    await vi.waitFor(() => expect(heartbeats.slice(before).some(({ position }) => position === 2)).toBe(true), 3_000);
    clock.advance(4_900);
    await say('stuck', { epoch: ingest.epoch, position: 1 }, ingest);
    expect(outcome).toBe('waits');
    clock.advance(100);
    await purged;
    expect(outcome).toContain('unavailable');
    expect(outcome).toContain('1 edge(s)');
    // The same asked again succeeds once it has caught up.
    await say('stuck', { epoch: ingest.epoch, position: 100 }, ingest);
    await ingest.purge(of('a'));
  });

  it('does not wait for a process that left in good order', async () => {
    const { ingest, clock } = await openIngest();
    const { edge } = await openEdge();
    clock.advance(2_500);
    await ingest.publish(eventOf('a', 'x'));
    await edge.close();
    await vi.waitFor(() => expect(heartbeats.at(-1)?.leaving).toBe(true), 3_000);
    await ingest.purge(of('a'));
    expect((await fixture.api('STREAM.INFO.EVT_0')).state).toMatchObject({ messages: 1 });
  });

  it('waits after a reconnect until whoever follows was heard again', async () => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const clock = createFakeClock();
    const ingest = await open('ingest', { clock, servers: [gate.url] });
    await say('slow', { epoch: ingest.epoch, position: 0 }, ingest);
    clock.advance(2_500);
    gate.shut();
    await vi.waitFor(() => expect(ingest.health().ready).toBe(false), 3_000);
    // For all that time it could hear nobody.
    clock.advance(11_000);
    gate.open();
    // A dial that has begun while the gate was shut must run out of time first.
    await vi.waitFor(() => expect(ingest.health().ready).toBe(true), 8_000);
    let outcome = 'waits';
    const purged = ingest.purge(of('a')).then(
      () => {
        outcome = 'answered';
      },
      ({ code }) => {
        outcome = code;
      },
    );
    const stored = async (): Promise<unknown> =>
      ((await fixture.api('STREAM.INFO.EVT_0')).state as { messages: number }).messages;
    await vi.waitFor(async () => expect(await stored()).toBe(1), 3_000);
    await say('slow', { epoch: ingest.epoch, position: 0 }, ingest);
    expect(outcome).toBe('waits');
    clock.advance(2_500);
    await say('slow', { epoch: ingest.epoch, position: 0 }, ingest);
    clock.advance(5_000);
    await purged;
    expect(outcome).toBe('unavailable');
  });

  it('is met by a feed that was away when it was asked for, before anything newer', async () => {
    const gate = await createGate(fixture.server.port);
    onTestFinished(() => gate.remove());
    const { ingest, clock } = await openIngest();
    const { edge, sink } = await openEdge({ servers: [gate.url] });
    await ingest.publish(eventOf('a', 'secret'));
    await sink.received(1);
    gate.shut();
    await vi.waitFor(() => expect(edge.health().ready).toBe(false), 3_000);
    // It has been silent for so long that it counts as gone.
    clock.advance(12_501);
    await ingest.purge(of('a'));
    await ingest.publish(eventOf('a', 'new'));
    gate.open();
    await sink.received(2);
    expect(sink.calls).toEqual(['start 0', 'message 1', 'purged a 1', 'message 3']);
  });

  it('is not an edge’s to ask for', async () => {
    await openIngest();
    const { edge } = await openEdge();
    await expect(edge.purge(of('a'))).rejects.toBeInstanceOf(TypeError);
    await expect(edge.publish(eventOf('a', 'x'))).rejects.toBeInstanceOf(TypeError);
  });
});

describe('what a purge says in the log', () => {
  it('is read back as the selection that it was made of', () => {
    const selection = { tenant: 'a.b', patterns: ['x.>', '😀', '*.%'] };
    const { headers, data } = encodePurge(selection, 'the id');
    expect(headers.get('Nats-Msg-Id')).toBe('the id');
    expect(parsePurge(data)).toEqual(selection);
  });
});

describe('what was erased lately', () => {
  it('is known by tenant, topic and place', () => {
    const erasures = createErasures(createFakeClock());
    erasures.add(of('a.*', 'b'), 10);
    expect(erasures.covers('default', 'a.x', 10)).toBe(true);
    expect(erasures.covers('default', 'b', 1)).toBe(true);
    expect(erasures.covers('default', 'a.x', 11)).toBe(false);
    expect(erasures.covers('default', 'a.x.y', 5)).toBe(false);
    expect(erasures.covers('acme', 'a.x', 5)).toBe(false);
  });

  it('is remembered for ten minutes, each by itself', () => {
    const clock = createFakeClock();
    const erasures = createErasures(clock);
    erasures.add(of('a'), 10);
    clock.advance(300_000);
    erasures.add(of('b'), 20);
    clock.advance(299_999);
    erasures.add(of('c'), 30);
    expect(['a', 'b', 'c'].map((topic) => erasures.covers('default', topic, 1))).toEqual([true, true, true]);
    clock.advance(1);
    erasures.add(of('d'), 40);
    expect(['a', 'b', 'c', 'd'].map((topic) => erasures.covers('default', topic, 1))).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });
});
