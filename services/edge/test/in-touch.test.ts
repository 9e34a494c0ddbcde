import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Broker } from '@tidings/broker';
import { createFakeClock } from '@tidings/runtime/testing';
import { expect, test } from 'vitest';
import { untilFed } from '../src/in-touch.ts';

/** A broker whose log holds 10 places, and whose feed has come to the fourth; and whether the wait is over. */
function comeBack() {
  const clock = createFakeClock();
  const state = { epoch: 'one', position: 4 };
  const broker = {
    get epoch() {
      return state.epoch;
    },
    position: () => state.position,
    bounds: async () => ({ first: 1, last: 10 }),
  } as Pick<Broker, 'epoch' | 'position' | 'bounds'> as Broker;
  let isOver = false;
  const waiting = untilFed(broker, clock).then(() => {
    isOver = true;
  });
  const look = async (): Promise<boolean> => {
    await nextTurn();
    clock.advance(250);
    await nextTurn();
    return isOver;
  };
  return { state, waiting, look };
}

test('an edge that comes back waits until it was fed what the log holds, for an erasure may stand there', async () => {
  const { state, waiting, look } = comeBack();
  expect(await look()).toBe(false);
  state.position = 9;
  expect(await look()).toBe(false);
  state.position = 10;
  expect(await look()).toBe(true);
  await waiting;
});

test('it waits no longer where the log is another one: what it had of the old one was dropped', async () => {
  const { state, waiting, look } = comeBack();
  expect(await look()).toBe(false);
  Object.assign(state, { epoch: 'two', position: 0 });
  expect(await look()).toBe(true);
  await waiting;
});
