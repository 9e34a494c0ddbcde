import { setTimeout as pause } from 'node:timers/promises';
import { createFakeClock, type FakeClock } from '@tidings/runtime/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Cluster } from '../../src/cluster-port.ts';
import { STATE_PLAN } from '../../src/nats/state-bucket.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';
import { createGate } from './gate.ts';

let fixture: NatsFixture;

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  await fixture.api('STREAM.DELETE.KV_tidings');
  await fixture.api('STREAM.CREATE.KV_tidings', STATE_PLAN.toConfig(1));
});

const WITHIN = { timeout: 6_000, interval: 20 };

interface Member {
  readonly cluster: Cluster;
  /** Keys of `seen`, as they were told. */
  readonly told: string[];
  readonly heard: unknown[];
}

function create(change: Parameters<NatsFixture['createCluster']>[2] = {}): Member {
  const cluster = fixture.createCluster('edge', [], change);
  onTestFinished(() => cluster.close());
  const told: string[] = [];
  const heard: unknown[] = [];
  cluster.answer('who', () => cluster.id);
  cluster.hear('news', (body) => heard.push(body));
  cluster.state.follow('seen', ({ key }) => told.push(key));
  return { cluster, told, heard };
}

async function openAll(...members: readonly Member[]): Promise<void> {
  await Promise.all(members.map(({ cluster }) => cluster.open()));
}

async function behindGate(change: Parameters<typeof create>[0] = {}) {
  const gate = await createGate(fixture.server.port);
  onTestFinished(() => gate.remove());
  return { gate, ...create({ servers: [gate.url], ...change }) };
}

/** Each call, and that it fails as unavailable within 2.5 s. */
async function expectClosed({ cluster }: Member, other: string): Promise<void> {
  const sinceMs = performance.now();
  cluster.tell('news', 'said while it was cut off');
  const calls = [
    cluster.askAll('who', null),
    cluster.ask(other, 'who', null),
    cluster.state.put('seen.cut', 'x', 60),
    cluster.state.take('ticket.1'),
    cluster.state.reach(1_000_000),
  ];
  for (const result of await Promise.allSettled(calls))
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { code: 'unavailable', details: { retryAfterSec: 1 } },
    });
  expect(performance.now() - sinceMs).toBeLessThan(2_500);
}

/** Moves the time of a cluster on by steps, with pauses in which its messages come and go. */
async function passing(clock: FakeClock, ms: number, stepMs = 100): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
    clock.advance(stepMs);
    await pause(3);
  }
}

async function openBy(clock: FakeClock, { cluster }: Member): Promise<void> {
  let isOpen = false;
  const opening = cluster.open().finally(() => {
    isOpen = true;
  });
  opening.catch(() => {});
  while (!isOpen) await passing(clock, 25, 25);
  await opening;
}

describe('a cluster that is cut off', () => {
  it('fails closed, and is told what it missed as soon as it is back', async () => {
    const one = await behindGate();
    const two = create();
    await openAll(one, two);
    one.gate.shut();
    await vi.waitFor(() => expectClosed(one, two.cluster.id), WITHIN);
    await two.cluster.state.put('seen.missed', 'x', 60);
    two.cluster.tell('news', 'lost');
    one.gate.open();
    await vi.waitFor(() => expect(one.told).toContain('seen.missed'), WITHIN);
    const answers = (await one.cluster.askAll('who', null)) as string[];
    expect(answers.sort()).toEqual([one.cluster.id, two.cluster.id].sort());
    expect(one.heard).toEqual([]);
  });

  it('knows after its return those who came while it was away', async () => {
    const one = await behindGate();
    await one.cluster.open();
    one.gate.shut();
    const two = create();
    await two.cluster.open();
    one.gate.open();
    await vi.waitFor(() => one.cluster.ask(two.cluster.id, 'who', null), WITHIN);
    expect(await one.cluster.ask(two.cluster.id, 'who', null)).toBe(two.cluster.id);
  });

  it('is in touch for 8 s more, and again only once it has heard itself and read the state', async () => {
    const clock = createFakeClock();
    const one = await behindGate({ clock });
    const two = create();
    await Promise.all([openBy(clock, one), two.cluster.open()]);
    await passing(clock, 3_000);
    expect(one.cluster.inTouch).toBe(true);
    one.gate.stall();
    await passing(clock, 5_500);
    expect(one.cluster.inTouch).toBe(true);
    await passing(clock, 3_500);
    expect(one.cluster.inTouch).toBe(false);
    await two.cluster.state.put('seen.while-stalled', 'x', 60);
    one.gate.open();
    await vi.waitFor(async () => {
      await passing(clock, 100);
      // Whenever it says so, it has been told.
      if (one.cluster.inTouch) expect(one.told).toContain('seen.while-stalled');
      expect(one.cluster.inTouch).toBe(true);
    }, WITHIN);
  });

  it('is waited for, which fails, until 10 s have passed; one that left in good order is not', async () => {
    const clock = createFakeClock();
    const [one, two, three] = [create({ clock }), await behindGate(), create()];
    await Promise.all([openBy(clock, one), two.cluster.open(), three.cluster.open()]);
    await passing(clock, 1_000);
    expect(await one.cluster.askAll('who', null)).toHaveLength(3);
    two.gate.stall();
    const failing = one.cluster.askAll('who', null);
    failing.catch(() => {});
    await passing(clock, 2_100);
    await expect(failing).rejects.toThrow('1 of 3 nodes did not answer in time');
    await three.cluster.close();
    // The others live by real seconds, and are not to be late for it.
    await passing(clock, 9_000, 1_000);
    expect(await one.cluster.askAll('who', null)).toEqual([one.cluster.id]);
  });
});

describe('the bucket', () => {
  it('is read anew when it is another one', async () => {
    const one = create();
    await one.cluster.open();
    await one.cluster.state.put('seen.old', 'x', 60);
    await fixture.api('STREAM.DELETE.KV_tidings');
    await expect(one.cluster.state.put('seen.lost', 'x', 60)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(one.cluster.state.take('seen.old')).rejects.toMatchObject({ code: 'unavailable' });
    await fixture.api('STREAM.CREATE.KV_tidings', { ...STATE_PLAN.toConfig(1), republish: undefined });
    await fixture.admin.request('$KV.tidings.seen.new', 'x');
    await vi.waitFor(() => expect(one.told).toContain('seen.new'), WITHIN);
  });

  it('is part of being in touch: where it can not be read for 8 s, nobody knows what was put, or who else is there', async () => {
    const clock = createFakeClock();
    const one = create({ clock });
    const returns: { inTouch: boolean; end: (error?: Error) => void }[] = [];
    one.cluster.onReturn(
      () =>
        new Promise((resolve, reject) => {
          returns.push({ inTouch: one.cluster.inTouch, end: (error) => (error ? reject(error) : resolve()) });
        }),
    );
    await openBy(clock, one);
    await fixture.api('STREAM.DELETE.KV_tidings');
    await passing(clock, 7_000);
    expect(await one.cluster.askAll('who', null)).toContain(one.cluster.id);
    await passing(clock, 3_500);
    expect(one.cluster.inTouch).toBe(false);
    await expect(one.cluster.askAll('who', null)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(one.cluster.ask('somebody', 'who', null)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await one.cluster.ask(one.cluster.id, 'who', null)).toBe(one.cluster.id);

    await fixture.api('STREAM.CREATE.KV_tidings', STATE_PLAN.toConfig(1));
    const untilReturn = (time: number): Promise<void> =>
      vi.waitFor(async () => {
        await passing(clock, 100);
        expect(returns).toHaveLength(time);
      }, WITHIN);
    await untilReturn(1);
    returns[0]?.end(new Error('not yet'));
    await untilReturn(2);
    expect(returns.map(({ inTouch }) => inTouch)).toEqual([false, false]);
    await passing(clock, 3_000);
    expect(one.cluster.inTouch).toBe(false);
    returns[1]?.end();
    await vi.waitFor(() => expect(one.cluster.inTouch).toBe(true), WITHIN);
    expect(await one.cluster.askAll('who', null)).toEqual([one.cluster.id]);
    expect(await one.cluster.ask('somebody', 'who', null)).toBeUndefined();
  });

  it('is looked at every other second: a change that nobody was told of is found', async () => {
    const one = create();
    await one.cluster.open();
    await fixture.api('STREAM.UPDATE.KV_tidings', { ...STATE_PLAN.toConfig(1), republish: undefined });
    const revision = await one.cluster.state.put('seen.silent', 'x', 60);
    await vi.waitFor(() => expect(one.told).toContain('seen.silent'), WITHIN);
    await one.cluster.state.reach(revision);
    await expect(one.cluster.state.reach(revision + 1)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

// The last: the fixture's own connection takes seconds to come back.
describe('clusters whose server is killed', () => {
  it('fail closed meanwhile, and go on with all that was put before', { timeout: 30_000 }, async () => {
    const [one, two] = [create(), create()];
    await openAll(one, two);
    await one.cluster.state.put('ticket.1', 'grant', 60);
    await one.cluster.state.reach(await two.cluster.state.put('seen.before', 'x', 60));
    await fixture.server.kill();
    await Promise.all([expectClosed(one, two.cluster.id), expectClosed(two, one.cluster.id)]);
    expect(one.cluster.inTouch).toBe(true);
    await fixture.server.restart();
    const ids = [one, two].map(({ cluster }) => cluster.id).sort();
    for (const { cluster } of [one, two]) {
      await vi.waitFor(
        async () => expect(((await cluster.askAll('who', null)) as string[]).sort()).toEqual(ids),
        WITHIN,
      );
    }
    const late = create();
    await late.cluster.open();
    expect(late.told).toContain('seen.before');
    expect(late.told).not.toContain('seen.cut');
    const revision = await one.cluster.state.put('seen.after', 'x', 60);
    for (const { cluster, told } of [one, two, late]) {
      await cluster.state.reach(revision);
      expect(told).toContain('seen.after');
    }
    const taken = await Promise.all([one, two, late].map(({ cluster }) => cluster.state.take('ticket.1')));
    expect(taken.filter((value) => value !== undefined)).toEqual(['grant']);
    expect([one, two].flatMap(({ heard }) => heard)).toEqual([]);
  });
});
