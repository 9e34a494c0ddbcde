import type { Clock } from '@tidings/runtime';

/** When something was, by both clocks: the steady one stands still while the machine sleeps, the other one may be set. */
export interface Moment {
  readonly elapsedMs: number;
  readonly wallMs: number;
}

export const momentOf = (clock: Clock): Moment => ({ elapsedMs: clock.elapsed(), wallMs: clock.now() });

/** How long ago that was: by the clock that says longer, for a lease that ends too early does no harm. */
export function ageMs(moment: Moment, clock: Clock): number {
  return Math.max(clock.elapsed() - moment.elapsedMs, clock.now() - moment.wallMs);
}
