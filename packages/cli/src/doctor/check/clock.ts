import { SYNCHRONISE_CLOCKS } from '../advice.ts';
import type { Check } from '../check.ts';
import { duration, type Finding, failed, ok, skipped, warning } from '../finding.ts';
import type { DateSample } from '../probe.ts';

/**
 * How far the clock of the other side is ahead, in ms: somewhere between the two. When `leastMs` is above `mostMs`, clocks of
 * several machines answered, which differ by that much.
 */
export interface Skew {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** Contract section 3: what a token's times may be off. */
export const FORGIVEN_MS = 5_000;
const NOTEWORTHY_MS = 2_000;
const DATE_RESOLUTION_MS = 1_000;

/**
 * What dates of answers say: each was written between the request and its answer, and cut to a second. Together they say
 * more than one. `undefined` when there is none.
 */
export function skewOf(dates: readonly DateSample[]): Skew | undefined {
  if (dates.length === 0) return undefined;
  return {
    leastMs: Math.max(...dates.map(({ dateMs, answeredAtMs }) => dateMs - answeredAtMs)),
    mostMs: Math.min(...dates.map(({ dateMs, askedAtMs }) => dateMs + DATE_RESOLUTION_MS - askedAtMs)),
  };
}

/** The least that it is off, ahead (above 0) or behind (below 0); 0 when the clocks may agree. Of several, the worst. */
export function surelyOffMs({ leastMs, mostMs }: Skew): number {
  const aheadMs = Math.max(0, leastMs);
  const behindMs = Math.min(0, mostMs);
  return aheadMs > -behindMs ? aheadMs : behindMs;
}

export function judgeClock(dates: readonly DateSample[]): Finding {
  const skew = skewOf(dates);
  if (skew === undefined) return skipped('No answer had a Date.');
  const offMs = surelyOffMs(skew);
  if (Math.abs(offMs) < NOTEWORTHY_MS) {
    const apartMs = skew.leastMs - skew.mostMs;
    if (apartMs >= NOTEWORTHY_MS) {
      return warning(
        `Several machines answer, whose clocks differ by ${duration(apartMs)} or more.`,
        SYNCHRONISE_CLOCKS,
      );
    }
    const withinMs = Math.max(Math.abs(skew.leastMs), Math.abs(skew.mostMs));
    return ok(`The clock there and the one here agree, to ${duration(withinMs)}.`);
  }
  const says = `The clock there is ${duration(Math.abs(offMs))} ${offMs > 0 ? 'ahead of' : 'behind'} the one here, by the Date of its answers.`;
  if (Math.abs(offMs) <= FORGIVEN_MS) return warning(says, SYNCHRONISE_CLOCKS);
  return failed(
    `${says} Tokens are forgiven 5 s: beyond that they are refused as not yet valid, or end early.`,
    SYNCHRONISE_CLOCKS,
  );
}

/** The clocks agree. */
export const clockCheck: Check = {
  id: 'clock',
  needs: ['edge'],
  async run(probe) {
    // Those so far opened connections, too: one that is quick says it more closely.
    await probe.ask(`${probe.deployment.url}/v1/position`);
    return [judgeClock(probe.dates)];
  },
};
