import { HubError } from '../hub-error.ts';
import type { Clock } from './clock.ts';
import type { PublisherOptions } from './publisher.ts';

/** Where the tokens of requests come from. */
export interface TokenSource {
  /** The present token. @throws HubError `token` when the callback fails, or answers something else. */
  get(): Promise<string>;
  /** The server refused this one. Answers whether asking for another is of any use. */
  refuse(token: string): boolean;
}

// A token that ends on its way is a 401 for nothing.
const MARGIN_MS = 10_000;
// RFC 6750 section 2.1 and more: whatever may stand in a header. An error of `fetch` would quote the token.
const TOKEN = /^[\x21-\x7e]+$/;

/** @throws TypeError for a token that is neither a text that a header may have, nor a function. */
export function createTokenSource(token: PublisherOptions['token'], clock: Clock): TokenSource {
  if (typeof token !== 'function') {
    if (typeof token !== 'string' || !TOKEN.test(token)) {
      throw new TypeError('token is a JWT, or a function that gets one: createPublisher({ url, token: () => … }).');
    }
    return { get: async () => token, refuse: () => false };
  }

  let present: { readonly token: string; readonly untilMs: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    let answer: unknown;
    try {
      answer = await (token as () => string | Promise<string>)();
    } catch (cause) {
      throw new HubError('token', 'The token callback failed.', { cause });
    }
    if (typeof answer !== 'string' || !TOKEN.test(answer)) {
      throw new HubError('token', 'The token callback answered something that is no token.');
    }
    present = { token: answer, untilMs: expiryMsOf(answer) - MARGIN_MS };
    return answer;
  }

  return {
    async get() {
      if (present !== undefined && clock.now() < present.untilMs) return present.token;
      // One question, whoever waits for its answer.
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
    refuse(refused) {
      if (present?.token === refused) present = undefined;
      return true;
    },
  };
}

/** `exp` of a JWT in milliseconds; `Infinity` for one without, and for what is none. */
function expiryMsOf(token: string): number {
  try {
    const [, payload = ''] = token.split('.');
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
