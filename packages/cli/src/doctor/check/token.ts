import { SYNCHRONISE_CLOCKS } from '../advice.ts';
import type { Check } from '../check.ts';
import { duration, type Finding, failed, ok, skipped, warning } from '../finding.ts';
import { FORGIVEN_MS, type Skew, skewOf, surelyOffMs } from './clock.ts';

/** The times of a token, in seconds since 1970. */
export interface TokenTimes {
  readonly issuedAtSec: number | undefined;
  readonly notBeforeSec: number | undefined;
  readonly expiresAtSec: number | undefined;
}

const DAY_SEC = 86_400;
// TIDINGS_MAX_TOKEN_AGE unless it is set.
const LONGEST_SEC = 31 * DAY_SEC;
const SOON_MS = 120_000;

/** Reads the times of a JWT without verifying it; `undefined` for what is none. */
export function readTimes(token: string): TokenTimes | undefined {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const time = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
    return { issuedAtSec: time(claims.iat), notBeforeSec: time(claims.nbf), expiresAtSec: time(claims.exp) };
  } catch {
    return undefined;
  }
}

/**
 * @param nowMs by the clock here.
 * @param what the token is called in what is said of it.
 * @param skew how far the other side is ahead, where that is known.
 */
export function judgeToken(times: TokenTimes, nowMs: number, skew: Skew | undefined, what: string): Finding {
  const { issuedAtSec, notBeforeSec, expiresAtSec } = times;
  if (expiresAtSec === undefined) return failed(`${what} has no exp.`, 'Sign tokens with an exp: it is required.');
  const offMs = skew === undefined ? 0 : surelyOffMs(skew);
  const thereMs = nowMs + offMs;
  const leftMs = expiresAtSec * 1_000 - thereMs;
  const clocks =
    offMs === 0 ? '' : ` The clock there is ${duration(Math.abs(offMs))} ${offMs > 0 ? 'ahead' : 'behind'}.`;
  if (leftMs + FORGIVEN_MS < 0) {
    return failed(
      `${what} ended ${span(-leftMs)} ago.${clocks}`,
      offMs > FORGIVEN_MS ? SYNCHRONISE_CLOCKS : 'Get a new one.',
    );
  }
  const beginsMs = Math.max(issuedAtSec ?? 0, notBeforeSec ?? 0) * 1_000;
  if (beginsMs > thereMs + FORGIVEN_MS) {
    return failed(
      `${what} is valid only in ${span(beginsMs - thereMs)}.${clocks}`,
      `Look at the clock of the machine that signs tokens. ${SYNCHRONISE_CLOCKS}`,
    );
  }
  const lifeSec = expiresAtSec - (issuedAtSec ?? Math.floor(nowMs / 1_000));
  if (lifeSec > LONGEST_SEC) {
    return warning(
      `${what} lives for ${Math.round(lifeSec / DAY_SEC)} days, and is refused unless TIDINGS_MAX_TOKEN_AGE was raised to that.`,
      'Sign tokens for hours, and let clients renew them.',
    );
  }
  if (leftMs < SOON_MS) {
    return warning(`${what} ends in ${span(leftMs)}, and open streams with it.`, 'Use one that lasts longer here.');
  }
  return ok(`${what} is valid for ${span(leftMs)} more.`);
}

function span(ms: number): string {
  const sec = Math.max(0, ms) / 1_000;
  if (sec < 120) return duration(sec * 1_000);
  if (sec < 7_200) return `${Math.round(sec / 60)} min`;
  return sec < 2 * DAY_SEC ? `${Math.round(sec / 3_600)} h` : `${Math.round(sec / DAY_SEC)} days`;
}

/** The tokens' times are right, by both clocks. */
export const tokenCheck: Check = {
  id: 'token',
  needs: ['edge'],
  async run({ deployment: { token, publishToken }, clock, dates }) {
    const judge = (each: string, what: string): Finding => {
      const times = readTimes(each);
      if (times === undefined) return skipped(`${what} is no JWT, and can not be read here.`);
      return judgeToken(times, clock.now(), skewOf(dates), what);
    };
    const findings = [];
    if (token !== undefined) findings.push(judge(token, 'The token'));
    if (publishToken !== undefined && publishToken !== token) {
      findings.push(judge(publishToken, 'The token for publishing'));
    }
    if (findings.length > 0) return findings;
    return [skipped('There is no --token: only topics that are public can be looked at.')];
  },
};
