import assert from 'node:assert/strict';
import { type Cluster, MAX_CONTROL_BYTES, type StateEntry } from '../cluster-port.ts';
import { type ClusterHarness, openAll, until } from './cluster-contract.ts';

/** What the shared state promises. */
export function stateCases({ test, deploy }: ClusterHarness): void {
  test('an entry is taken once, whoever asks, by any process', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    await openAll(one, two);
    await one.state.put('ticket.a', 'ä "1"', 60);
    assert.equal(await two.state.take('ticket.a'), 'ä "1"');
    assert.equal(await one.state.take('ticket.a'), undefined);
    assert.equal(await one.state.take('ticket.none'), undefined);
    await two.state.put('ticket.a', '', 60);
    assert.equal(await one.state.take('ticket.a'), '');
  });

  test('of 20 who ask at once exactly one gets it', async () => {
    const { create } = await deploy();
    const members = [create(), create(), create(), create()];
    await openAll(...members);
    const [one] = members as [Cluster];
    for (const key of ['race.a', 'race.b', 'race.c']) {
      await one.state.put(key, key, 60);
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, at) => (members[at % members.length] as Cluster).state.take(key)),
      );
      assert.deepEqual(
        taken.filter((value) => value !== undefined),
        [key],
      );
    }
  });

  test('what is put replaces what was there, under a higher revision', async () => {
    const { create } = await deploy();
    const one = create();
    await one.open();
    const revisions = [
      await one.state.put('a.b', 'first', 60),
      await one.state.put('other', 'x', 60),
      await one.state.put('a.b', 'second', 60),
    ];
    assert.ok((revisions[0] as number) > 0);
    assert.deepEqual(
      [...revisions].sort((a, b) => a - b),
      revisions,
    );
    assert.equal(new Set(revisions).size, 3);
    assert.equal(await one.state.take('a.b'), 'second');
    assert.equal(await one.state.take('a.b'), undefined);
  });

  test('an entry ends by itself: it is not taken any more, and whoever comes later is not told', async () => {
    const deployment = await deploy();
    const one = deployment.create();
    await one.open();
    await one.state.put('short.taken', 'x', 1);
    await one.state.put('short.told', 'x', 1);
    await one.state.put('short.long', 'x', 60);
    await deployment.elapse(1_000);
    await until(deployment, async () => (await one.state.take('short.taken')) === undefined);
    await until(deployment, async () => {
      const late = deployment.create();
      const told = follow(late, 'short');
      await late.open();
      await late.close();
      return told.join() === 'short.long=x';
    });
  });

  test('whoever follows is told what is there before it is open, then what is put, and only of its prefixes', async () => {
    const deployment = await deploy();
    const [one, two] = [deployment.create(), deployment.create()];
    const toldOne = follow(one, 'a');
    await one.open();
    await one.state.put('a.1', 'one', 60);
    await one.state.put('a.gone', 'taken', 60);
    await one.state.put('a.1', 'two', 60);
    await one.state.put('b.1', 'three', 60);
    await one.state.put('aa.1', 'other', 60);
    await one.state.put('a', 'no token after it', 60);
    await one.state.take('a.gone');
    for (let at = 0; at < 30; at += 1) await one.state.put(`c.x.${at}`, `${at}`, 60);
    const told = follow(two, 'a', 'b', 'c');
    two.state.follow('a', () => {
      throw new Error('of a follower');
    });
    await two.open();
    const many = Array.from({ length: 30 }, (_, at) => `c.x.${at}=${at}`);
    assert.deepEqual([...told].sort(), ['a.1=two', 'b.1=three', ...many].sort());
    told.length = 0;
    await two.state.put('b.2', 'live', 60);
    await one.state.put('a.1', 'live', 60);
    await one.state.put('a.2', 'last', 60);
    await until(deployment, () => told.includes('a.2=last') && told.includes('b.2=live'));
    assert.deepEqual([...new Set(told)].sort(), ['a.1=live', 'a.2=last', 'b.2=live']);
    assert.ok(told.indexOf('a.1=live') < told.indexOf('a.2=last'));
    await until(deployment, () => toldOne.at(-1) === 'a.2=last');
    assert.deepEqual(
      toldOne.filter((entry) => !entry.startsWith('a.')),
      [],
    );
  });

  test('whoever reaches a revision was told everything up to it', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    const told = follow(two, 'seen');
    await openAll(one, two);
    for (let at = 0; at < 20; at += 1) {
      const revision = await one.state.put(`seen.${at}`, 'x', 60);
      await two.state.reach(revision);
      assert.ok(told.includes(`seen.${at}=x`));
    }
    // Of what it does not follow it has to wait for nothing.
    await two.state.reach(await one.state.put('unseen.1', 'x', 60));
  });

  test('what can be no entry is a mistake, and nothing is stored', async () => {
    const { create } = await deploy();
    const one = create();
    const told = follow(one, 'a');
    await one.open();
    const keys = [
      '',
      '.',
      'a.',
      '.a',
      'a..b',
      'a b',
      'a.*',
      'a.>',
      'a.ü',
      'a.b\r\n',
      'a.b.c.d.e.f.g.h.i',
      'a'.repeat(201),
    ];
    for (const key of keys) {
      await assert.rejects(one.state.put(key, 'x', 60), TypeError);
      await assert.rejects(one.state.take(key), TypeError);
    }
    for (const ttlSec of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      await assert.rejects(one.state.put('a.b', 'x', ttlSec), TypeError);
    for (const prefix of ['', 'a.b', '*', '>']) assert.throws(() => create().state.follow(prefix, () => {}), TypeError);
    const longest = 'x'.repeat(MAX_CONTROL_BYTES);
    await assert.rejects(one.state.put('a.b', `${longest}x`, 60), RangeError);
    await one.state.put('a.b.c.d.e.f.g.h', 'x', 60);
    await one.state.reach(await one.state.put(`a.${'b'.repeat(198)}`, longest, 60));
    assert.deepEqual(
      [...new Set(told)].map((entry) => entry.length),
      [17, 201 + MAX_CONTROL_BYTES],
    );
  });
}

/** What it is told of these prefixes, as `key=value`. */
function follow(cluster: Cluster, ...prefixes: readonly string[]): string[] {
  const told: string[] = [];
  const note = ({ key, value }: StateEntry): void => void told.push(`${key}=${value}`);
  for (const prefix of prefixes) cluster.state.follow(prefix, note);
  return told;
}
