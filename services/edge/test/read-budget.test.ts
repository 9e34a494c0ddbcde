import { describe, expect, it } from 'vitest';
import { createReadBudget, READ_BYTES } from '../src/read-budget.ts';

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  void promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  await new Promise((resolve) => setImmediate(resolve));
  return done;
};

describe('createReadBudget', () => {
  const { signal } = new AbortController();

  it('lets in as many as the bytes allow, and at least one', async () => {
    const two = createReadBudget(2 * READ_BYTES);
    await two.enter(signal);
    await two.enter(signal);
    expect(await settled(two.enter(signal))).toBe(false);
    const one = createReadBudget(1);
    await one.enter(signal);
    expect(await settled(one.enter(signal))).toBe(false);
  });

  it('lets the next one in when one leaves, in the order in which they came', async () => {
    const budget = createReadBudget(READ_BYTES);
    const leave = await budget.enter(signal);
    const order: string[] = [];
    const second = budget.enter(signal).then((leaveSecond) => {
      order.push('second');
      return leaveSecond;
    });
    const third = budget.enter(signal).then(() => order.push('third'));
    leave();
    const leaveSecond = await second;
    expect(await settled(third)).toBe(false);
    leaveSecond();
    await third;
    expect(order).toEqual(['second', 'third']);
  });

  it('says whether somebody waits', async () => {
    const budget = createReadBudget(READ_BYTES);
    const leave = await budget.enter(signal);
    expect(budget.contended).toBe(false);
    const second = budget.enter(signal);
    expect(budget.contended).toBe(true);
    leave();
    await second;
    expect(budget.contended).toBe(false);
  });

  it('a place is given back once', async () => {
    const budget = createReadBudget(READ_BYTES);
    const leave = await budget.enter(signal);
    leave();
    leave();
    await budget.enter(signal);
    expect(await settled(budget.enter(signal))).toBe(false);
  });

  it('who is aborted while waiting takes no place, and rejects with the reason', async () => {
    const budget = createReadBudget(READ_BYTES);
    const leave = await budget.enter(signal);
    const aborter = new AbortController();
    const waiting = budget.enter(aborter.signal);
    const reason = new Error('the client left');
    aborter.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(budget.enter(aborter.signal)).rejects.toBe(reason);
    leave();
    await budget.enter(signal);
  });
});
