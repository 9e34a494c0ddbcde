import assert from 'node:assert/strict';
import { MAX_CONTROL_BYTES } from '../cluster-port.ts';
import type { ClusterHarness } from './cluster-contract.ts';
import { openAll, until } from './cluster-contract.ts';
import { withCode } from './fixture.ts';

const TOO_LONG = 'x'.repeat(MAX_CONTROL_BYTES);

/** What processes promise each other. */
export function memberCases({ test, deploy }: ClusterHarness): void {
  test('a process is asked by its id, itself included, and learns who asks; nobody else is asked', async () => {
    const { create } = await deploy();
    const [one, two] = [create('edge'), create('ingest')];
    const asked: unknown[] = [];
    for (const each of [one, two]) {
      each.answer('sum', (body, from, role) => {
        asked.push([each.id, from, role]);
        const { terms } = body as { terms: number[] };
        return { sum: terms.reduce((sum, term) => sum + term, 0) };
      });
    }
    await openAll(one, two);
    assert.match(one.id, /^[0-9a-z]{8}$/);
    assert.notEqual(one.id, two.id);
    assert.deepEqual(await one.ask(two.id, 'sum', { terms: [1, 2] }), { sum: 3 });
    assert.deepEqual(await two.ask(two.id, 'sum', { terms: [4] }), { sum: 4 });
    assert.deepEqual(asked, [
      [two.id, one.id, 'edge'],
      [two.id, two.id, 'ingest'],
    ]);
  });

  test('nobody of this id, or of this name, answers nothing', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    one.answer('who', () => 'one');
    await openAll(one, two);
    assert.equal(await one.ask('00000000', 'who', null), undefined);
    assert.equal(await one.ask(two.id, 'who', null), undefined);
    assert.equal(await two.ask(one.id, 'what', null), undefined);
    assert.deepEqual(await two.askAll('what', null), []);
  });

  test('all who answer a name are asked, as soon as they are open: late ones too, and those that left no more', async () => {
    const { create } = await deploy();
    const members = [create('edge'), create('edge'), create('hub')];
    const [late, silent] = [create('edge'), create('ingest')];
    for (const each of [...members, late]) each.answer('list.all', async (body) => [each.id, body]);
    const ask = async (): Promise<unknown> => ((await silent.askAll('list.all', 7)) as [string, number][]).sort();
    const answersOf = (...expected: readonly { id: string }[]): unknown => expected.map(({ id }) => [id, 7]).sort();
    await openAll(silent, ...members);
    assert.deepEqual(await ask(), answersOf(...members));
    await late.open();
    assert.deepEqual(await ask(), answersOf(...members, late));
    assert.equal(((await late.askAll('list.all', 7)) as unknown[]).length, 4);
    await members[0]?.close();
    assert.deepEqual(await ask(), answersOf(...members.slice(1), late));
    assert.equal(await silent.ask(members[0]?.id ?? '', 'list.all', 7), undefined);
  });

  test('one that leaves while it is asked is not waited for', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    let asked = 0;
    one.answer('slow', () => 'answered');
    two.answer('slow', () => {
      asked += 1;
      if (asked === 2) setImmediate(() => void two.close());
      return new Promise(() => {});
    });
    await openAll(one, two);
    const answers = Promise.all([one.askAll('slow', null), one.ask(two.id, 'slow', null)]);
    assert.deepEqual(await answers, [['answered'], undefined]);
  });

  test('what a handler throws is reported where it runs, and fails the question as unavailable', async () => {
    const { create, faults } = await deploy();
    const [one, two] = [create(), create()];
    const fault = new Error('broken');
    one.answer('one', () => 1);
    two.answer('throws', () => {
      throw fault;
    });
    two.answer('rejects', async () => Promise.reject(fault));
    two.answer('no JSON', () => 1n);
    two.answer('too long', () => TOO_LONG);
    one.answer('throws', () => 'fine');
    await openAll(one, two);
    await assert.rejects(one.ask(two.id, 'throws', null), withCode('unavailable'));
    await assert.rejects(one.askAll('throws', null), withCode('unavailable'));
    await assert.rejects(one.ask(two.id, 'rejects', null), withCode('unavailable'));
    await assert.rejects(one.ask(two.id, 'no JSON', null), withCode('unavailable'));
    await assert.rejects(one.ask(two.id, 'too long', null), withCode('unavailable'));
    assert.deepEqual(faults.slice(0, 3), [fault, fault, fault]);
    assert.equal(faults.length, 5);
    assert.equal(await two.ask(one.id, 'one', null), 1);
  });

  test('one that does not answer in time fails the question as unavailable, and a part of the answers is none', async () => {
    const deployment = await deploy();
    const [one, two] = [deployment.create(), deployment.create()];
    one.answer('hangs', () => 'answered');
    two.answer('hangs', () => new Promise(() => {}));
    await openAll(one, two);
    const failures: unknown[] = [];
    for (const asking of [one.askAll('hangs', null), one.ask(two.id, 'hangs', null)])
      asking.catch((error) => failures.push(error));
    await until(deployment, () => failures.length === 2);
    assert.ok(failures.every(withCode('unavailable')));
  });

  test('what is told is heard by all who hear the name, the teller included, whatever becomes of it there', async () => {
    const deployment = await deploy();
    const [one, two, deaf] = [deployment.create('edge'), deployment.create('hub'), deployment.create()];
    const heard: unknown[] = [];
    one.hear('news', () => {
      throw new Error('at the first');
    });
    one.hear('news', (body, from, role) => heard.push(['one', body, from, role]));
    two.hear('news', async (body, from, role) => {
      heard.push(['two', body, from, role]);
      throw new Error('at the second');
    });
    deaf.hear('other', (body) => heard.push(body));
    await openAll(one, two, deaf);
    two.tell('news', { text: 'ü "\n' });
    await until(deployment, () => heard.length === 2 && deployment.faults.length === 2);
    deaf.tell('news', undefined);
    await until(deployment, () => heard.length === 4 && deployment.faults.length === 4);
    assert.deepEqual(heard.slice(0, 2).sort(), [
      ['one', { text: 'ü "\n' }, two.id, 'hub'],
      ['two', { text: 'ü "\n' }, two.id, 'hub'],
    ]);
    assert.deepEqual(heard.slice(2).sort(), [
      ['one', undefined, deaf.id, 'hub'],
      ['two', undefined, deaf.id, 'hub'],
    ]);
  });

  test('what is said is JSON: nobody shares an object, and a name of the prototype is data', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    const kept: unknown[] = [];
    two.answer('keep', (body) => {
      kept.push(body);
      return body;
    });
    await openAll(one, two);
    const body = JSON.parse('{"__proto__":{"polluted":1},"at":[null,1.5]}');
    const answer = await one.ask(two.id, 'keep', body);
    assert.equal(JSON.stringify(answer), JSON.stringify(body));
    assert.notEqual(answer, kept[0]);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.equal(await one.ask(two.id, 'keep', undefined), undefined);
    assert.deepEqual(kept.slice(1), [undefined]);
  });

  test('what is as long as it may be passes, and what is longer fails and harms nobody', async () => {
    const { create } = await deploy();
    const [one, two] = [create(), create()];
    two.answer('length', (body) => (body as string).length);
    await openAll(one, two);
    const longest = TOO_LONG.slice(2);
    assert.equal(await one.ask(two.id, 'length', longest), longest.length);
    assert.deepEqual(await one.askAll('length', longest), [longest.length]);
    for (const body of [TOO_LONG, 'ü'.repeat(MAX_CONTROL_BYTES / 2)]) {
      await assert.rejects(one.ask(two.id, 'length', body), RangeError);
      await assert.rejects(one.askAll('length', body), RangeError);
      assert.throws(() => one.tell('length', body), RangeError);
    }
    assert.equal(await one.ask(two.id, 'length', 'again'), 5);
  });

  test('it is in touch while it is open; before and after everything is unavailable, and nothing more is said', async () => {
    const deployment = await deploy();
    const one = deployment.create();
    const heard: unknown[] = [];
    one.answer('name', () => 1);
    one.hear('name', (body) => heard.push(body));
    const expectUnavailable = async (): Promise<void> => {
      assert.equal(one.inTouch, false);
      one.tell('name', 'lost');
      await assert.rejects(one.ask(one.id, 'name', null), withCode('unavailable'));
      await assert.rejects(one.askAll('name', null), withCode('unavailable'));
      await assert.rejects(one.state.put('a.b', 'c', 1), withCode('unavailable'));
      await assert.rejects(one.state.take('a.b'), withCode('unavailable'));
      await assert.rejects(one.state.reach(0), withCode('unavailable'));
    };
    await expectUnavailable();
    await one.open();
    assert.equal(one.inTouch, true);
    one.tell('name', 'heard');
    await until(deployment, () => heard.length === 1);
    assert.deepEqual(heard, ['heard']);
    for (const late of [
      () => one.answer('late', () => 1),
      () => one.hear('late', () => 1),
      () => one.state.follow('late', () => {}),
    ])
      assert.throws(late, TypeError);
    await one.close();
    await expectUnavailable();
    await one.close();
  });
}
