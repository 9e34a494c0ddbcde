import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { createFakeClock } from '../src/testing/fake-clock.ts';

describe('systemClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('tells the time', () => {
    vi.setSystemTime(1_234);
    expect(systemClock.now()).toBe(1_234);
  });

  it.each([
    ['a day', 86_400_000],
    ['2^31-1 ms', 2_147_483_647],
    ['2^31 ms', 2_147_483_648],
    ['31 days', 31 * 86_400_000],
    ['a year', 366 * 86_400_000],
  ])('section 3: fires once after %s, and not a moment before', (_name, delayMs) => {
    const run = vi.fn();
    systemClock.after(delayMs, run);
    vi.advanceTimersByTime(delayMs - 1);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(delayMs);
    expect(run).toHaveBeenCalledOnce();
  });

  it('fires at once for a delay of zero and for one that is past', () => {
    const run = vi.fn();
    systemClock.after(0, run);
    systemClock.after(-1_000, run);
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('a timer that was cancelled never fires, though it was armed again on its long way', () => {
    const run = vi.fn();
    const timer = systemClock.after(31 * 86_400_000, run);
    vi.advanceTimersByTime(25 * 86_400_000);
    timer.cancel();
    timer.cancel();
    vi.advanceTimersByTime(31 * 86_400_000);
    expect(run).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('repeats until it is cancelled', () => {
    const run = vi.fn();
    const timer = systemClock.every(1_000, run);
    vi.advanceTimersByTime(3_500);
    expect(run).toHaveBeenCalledTimes(3);
    timer.cancel();
    vi.advanceTimersByTime(5_000);
    expect(run).toHaveBeenCalledTimes(3);
  });
});

describe('systemClock and the process', () => {
  it('its timers do not keep the process alive', () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const timers = [systemClock.after(60_000, () => {}), systemClock.every(60_000, () => {})];
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')).toHaveLength(before);
    for (const timer of timers) timer.cancel();
  });
});

describe('createFakeClock', () => {
  it('stands still until it is moved', () => {
    const clock = createFakeClock(1_000);
    expect(clock.now()).toBe(1_000);
    clock.advance(500);
    expect(clock.now()).toBe(1_500);
  });

  it('fires what falls due in order, each at its own moment', () => {
    const clock = createFakeClock(0);
    const fired: string[] = [];
    const note = (name: string) => (): void => void fired.push(`${name} ${clock.now()}`);
    clock.after(30, note('late'));
    clock.after(10, note('early'));
    clock.every(20, note('again'));
    clock.after(10, note('second'));
    clock.advance(45);
    expect(fired).toEqual(['early 10', 'second 10', 'again 20', 'late 30', 'again 40']);
    expect(clock.now()).toBe(45);
    expect(clock.pending).toBe(1);
  });

  it('a timer may set and cancel others while it fires', () => {
    const clock = createFakeClock(0);
    const fired: number[] = [];
    const doomed = clock.after(20, () => fired.push(-1));
    clock.after(10, () => {
      doomed.cancel();
      clock.after(5, () => fired.push(clock.now()));
    });
    clock.advance(100);
    expect(fired).toEqual([15]);
    expect(clock.pending).toBe(0);
  });

  it('a jump moves the wall clock and fires nothing', () => {
    const clock = createFakeClock(0);
    let fired = 0;
    clock.after(10, () => {
      fired += 1;
    });
    clock.jump(1_000);
    expect([clock.now(), fired]).toEqual([1_000, 0]);
    clock.jump(-2_000);
    expect(clock.now()).toBe(-1_000);
    clock.advance(10);
    expect([clock.now(), fired]).toEqual([-990, 1]);
  });

  it('a delay that is past fires with the next move', () => {
    const clock = createFakeClock(0);
    let fired = 0;
    clock.after(-5, () => {
      fired += 1;
    });
    expect(fired).toBe(0);
    clock.advance(0);
    expect(fired).toBe(1);
  });
});

describe('elapsed', () => {
  it('a clock that is set back does not shorten a duration', () => {
    const clock = createFakeClock();
    const start = clock.elapsed();
    clock.advance(100);
    clock.jump(-5_000);
    expect(clock.elapsed() - start).toBe(100);
    const before = systemClock.elapsed();
    expect(systemClock.elapsed()).toBeGreaterThanOrEqual(before);
  });
});
