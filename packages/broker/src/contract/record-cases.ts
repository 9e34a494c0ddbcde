import assert from 'node:assert/strict';
import { type Cluster, MAX_CONTROL_BYTES } from '../cluster-port.ts';
import { type ClusterHarness, openAll, until } from './cluster-contract.ts';

/** What the records promise. */
export function recordCases({ test, deploy }: ClusterHarness): void {
  test('a record is read by any process as it was written last', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create('edge')];
    await openAll(one, two);
    assert.deepEqual(await one.records.get('inbox.a'), { value: undefined, revision: 0 });
    assert.equal(await one.records.replace('inbox.a', 'ä "1"', 60, 0), true);
    const { value, revision } = await two.records.get('inbox.a');
    assert.equal(value, 'ä "1"');
    assert.equal(await two.records.replace('inbox.a', 'two', 60, revision), true);
    assert.equal((await one.records.get('inbox.a')).value, 'two');
    assert.equal((await one.records.get('inbox.b')).value, undefined);
  });

  test('a record is changed only as it was read: of many who change it at once, none is lost', async () => {
    const { create } = await deploy();
    const members: readonly Cluster[] = [create(), create()];
    await openAll(...members);
    async function add(each: Cluster, letter: string): Promise<void> {
      const { value = '', revision } = await each.records.get('inbox.race');
      if (!(await each.records.replace('inbox.race', value + letter, 60, revision))) await add(each, letter);
    }
    await Promise.all([...'abcdefgh'].map((letter, at) => add(members[at % 2] as Cluster, letter)));
    const { value } = await (members[0] as Cluster).records.get('inbox.race');
    assert.equal([...`${value}`].sort().join(''), 'abcdefgh');
  });

  test('a record that is removed is none any more, and what was based on it is not stored', async () => {
    const { create } = await deploy();
    const one = create();
    await one.open();
    await one.records.replace('inbox.a', 'x', 60, 0);
    const before = await one.records.get('inbox.a');
    await one.records.remove('inbox.a');
    await one.records.remove('inbox.none');
    assert.equal(await one.records.replace('inbox.a', 'y', 60, before.revision), false);
    const after = await one.records.get('inbox.a');
    assert.equal(after.value, undefined);
    assert.equal(await one.records.replace('inbox.a', 'z', 60, after.revision), true);
    assert.equal((await one.records.get('inbox.a')).value, 'z');
  });

  test('a record ends by itself, and may be written anew', async () => {
    const deployment = await deploy();
    const one = deployment.create();
    await one.open();
    await one.records.replace('inbox.short', 'x', 1, 0);
    await deployment.elapse(1_000);
    await until(deployment, async () => (await one.records.get('inbox.short')).value === undefined);
    const { revision } = await one.records.get('inbox.short');
    assert.equal(await one.records.replace('inbox.short', 'y', 60, revision), true);
  });

  test('what can be no record is a mistake', async () => {
    const { create } = await deploy();
    const one = create();
    await assert.rejects(one.records.get('inbox.a'), { code: 'unavailable' });
    await one.open();
    await assert.rejects(one.records.get('a b'), TypeError);
    await assert.rejects(one.records.remove('a.>'), TypeError);
    await assert.rejects(one.records.replace('a.b', 'x', 0, 0), TypeError);
    await assert.rejects(one.records.replace('a.b', 'x'.repeat(MAX_CONTROL_BYTES + 1), 60, 0), RangeError);
  });
}
