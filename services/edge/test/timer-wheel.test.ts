import type { Clock } from '@tidings/runtime';
import { createFakeClock } from '@tidings/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimerWheel } from '../src/timer-wheel.ts';

const TICK_MS = 250;
const DAY_MS = 86_400_000;

describe('a timer wheel', () => {
  it('never fires early, fires once, and is at most one tick late, wherever in a tick it was set', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.nat({ max: 20_000 }), (setMs, delayMs) => {
        const clock = createFakeClock();
        const startMs = clock.now();
        const wheel = createTimerWheel(clock);
        clock.advance(setMs);
        const firedMs: number[] = [];
        wheel.after(delayMs, () => firedMs.push(clock.now() - startMs - setMs));
        clock.advance(delayMs + 4 * TICK_MS);
        expect(firedMs).toHaveLength(1);
        expect(firedMs[0]).toBeGreaterThanOrEqual(delayMs);
        expect(firedMs[0]).toBeLessThanOrEqual(delayMs + TICK_MS);
      }),
    );
  });

  it('keeps a deadline in 31 days, which no single timer of Node could', () => {
    let nowMs = 0;
    let turn = (): void => {};
    const clock: Clock = {
      now: () => nowMs,
      elapsed: () => nowMs,
      after: () => ({ cancel: () => {} }),
      every: (_periodMs, run) => {
        turn = run;
        return { cancel: () => {} };
      },
    };
    const wheel = createTimerWheel(clock);
    let firedMs = 0;
    wheel.after(31 * DAY_MS, () => {
      firedMs = nowMs;
    });
    while (nowMs < 31 * DAY_MS - TICK_MS) {
      nowMs += TICK_MS;
      turn();
    }
    expect(firedMs).toBe(0);
    for (let tick = 0; tick < 3; tick += 1) {
      nowMs += TICK_MS;
      turn();
    }
    expect(firedMs).toBeGreaterThanOrEqual(31 * DAY_MS);
    expect(firedMs).toBeLessThanOrEqual(31 * DAY_MS + TICK_MS);
  });

  it('catches up with the ticks that a busy process has missed', () => {
    let nowMs = 0;
    let turn = (): void => {};
    const clock: Clock = {
      now: () => nowMs,
      elapsed: () => nowMs,
      after: () => ({ cancel: () => {} }),
      every: (_periodMs, run) => {
        turn = run;
        return { cancel: () => {} };
      },
    };
    const wheel = createTimerWheel(clock);
    const fired: number[] = [];
    for (const delayMs of [250, 1_000, 4_000, 60_000]) wheel.after(delayMs, () => fired.push(delayMs));
    nowMs = 10_000;
    turn();
    expect(fired).toEqual([250, 1_000, 4_000]);
  });

  it('fires in the order of the deadlines', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    const fired: number[] = [];
    for (const delayMs of [5_000, 1_000, 3_000, 0, 60_000]) wheel.after(delayMs, () => fired.push(delayMs));
    clock.advance(120_000);
    expect(fired).toEqual([0, 1_000, 3_000, 5_000, 60_000]);
  });

  it('does not fire what was cancelled, and forgives a second cancel and one after the end', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    const fired: string[] = [];
    const cancelled = wheel.after(1_000, () => fired.push('cancelled'));
    const kept = wheel.after(1_000, () => fired.push('kept'));
    cancelled.cancel();
    cancelled.cancel();
    clock.advance(2_000);
    kept.cancel();
    clock.advance(2_000);
    expect(fired).toEqual(['kept']);
  });

  it('does not fire what another deadline of the same tick has cancelled', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    const fired: string[] = [];
    wheel.after(1_000, () => {
      fired.push('first');
      second.cancel();
    });
    const second = wheel.after(1_000, () => fired.push('second'));
    clock.advance(2_000);
    expect(fired).toEqual(['first']);
  });

  it('keeps a deadline that is set while another fires', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    const fired: number[] = [];
    const start = clock.now();
    wheel.after(1_000, () => wheel.after(0, () => fired.push(clock.now() - start)));
    clock.advance(5_000);
    expect(fired).toHaveLength(1);
    expect(fired[0]).toBeGreaterThan(1_000);
    expect(fired[0]).toBeLessThanOrEqual(1_000 + 3 * TICK_MS);
  });

  it('counts its own time, so that a jump of the wall clock fires and delays nothing', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    let fired = false;
    wheel.after(10_000, () => {
      fired = true;
    });
    clock.jump(DAY_MS);
    clock.advance(TICK_MS);
    expect(fired).toBe(false);
    expect(wheel.elapsedMs).toBe(TICK_MS);
    clock.jump(-2 * DAY_MS);
    clock.advance(10_000 + TICK_MS);
    expect(fired).toBe(true);
  });

  it('takes a past deadline as the next tick', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    let fired = false;
    wheel.after(-5_000, () => {
      fired = true;
    });
    expect(fired).toBe(false);
    clock.advance(TICK_MS);
    expect(fired).toBe(true);
  });

  it('uses one timer of the clock, however many deadlines there are, and none after it was stopped', () => {
    const clock = createFakeClock();
    const wheel = createTimerWheel(clock);
    for (let place = 0; place < 1_000; place += 1) wheel.after(place * 10, () => {});
    expect(clock.pending).toBe(1);
    wheel.stop();
    expect(clock.pending).toBe(0);
  });
});
