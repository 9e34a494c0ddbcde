import { TidingsError } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { KeyHint, KeySource, VerificationKey } from './key-source.ts';

/** After this time the set is fetched again, in the background. */
const REFRESH_AFTER_MS = 600_000;
/** The age limit: with the endpoint down, old keys serve on until then. It bounds how long a withdrawn key works. */
const MAX_AGE_MS = 3_600_000;
/** How often an unknown `kid` may cause a fetch: anybody can send one. */
const UNKNOWN_KEY_EVERY_MS = 30_000;
/** How long a failed fetch stands for all who ask, so that an outage does not become a flood. */
const RETRY_AFTER_SEC = 5;
/** The longest time for a whole fetch; so long a token that needs it waits. */
const TIMEOUT_MS = 5_000;
/** The largest answer that is read; a set of a hundred RSA keys has 50 KB. */
const MAX_SET_BYTES = 1_048_576;

/**
 * Keys from a JWKS URL, fetched when first needed. At most one fetch runs at a time, and none by the clock alone.
 * @param timeoutMs for a whole fetch, in real time.
 * @throws TypeError when the URL is not http or https or holds a password; the message does not repeat it.
 */
export function createRemoteKeySource(url: string, clock: Clock, timeoutMs: number = TIMEOUT_MS): KeySource {
  // jose's own refetching reads the machine's clock and retries a dead endpoint for each token: both are switched off.
  const set = createRemoteJWKSet(parseUrl(url), {
    timeoutDuration: timeoutMs,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
    [customFetch]: fetchBounded,
  });
  let fetchedMs = Number.NEGATIVE_INFINITY;
  let fetches = 0;
  let triedMs = Number.NEGATIVE_INFINITY;
  let failure: TidingsError | undefined;
  let running: Promise<void> | undefined;

  // A clock that was set back would make old keys look fresh for as long as it was moved.
  function since(momentMs: number): number {
    const elapsedMs = clock.now() - momentMs;
    return elapsedMs < 0 ? Number.POSITIVE_INFINITY : elapsedMs;
  }

  async function load(): Promise<void> {
    triedMs = clock.now();
    try {
      await set.reload();
      fetchedMs = clock.now();
      fetches += 1;
      failure = undefined;
    } catch (cause) {
      const detail = 'The keys that tokens are checked with can not be fetched.';
      failure = new TidingsError('unavailable', detail, { retryAfterSec: RETRY_AFTER_SEC }, cause);
      throw failure;
    } finally {
      running = undefined;
    }
  }

  async function refresh(everyMs: number): Promise<void> {
    if (running === undefined) {
      if (failure !== undefined && since(triedMs) < RETRY_AFTER_SEC * 1000) throw failure;
      if (failure === undefined && since(triedMs) < everyMs) return;
      running = load();
    }
    await running;
  }

  async function matching(hint: KeyHint): Promise<readonly VerificationKey[]> {
    const keys: VerificationKey[] = [];
    try {
      keys.push(await set({ ...hint }));
    } catch (error) {
      // Any other error: no key matches, or the one that does is not usable, which is as good as not there.
      if (error instanceof errors.JWKSMultipleMatchingKeys) for await (const key of error) keys.push(key);
    }
    return keys.filter(isStrong);
  }

  return {
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    get edition() {
      return since(fetchedMs) < MAX_AGE_MS ? fetches : undefined;
    },
    async keysFor(hint) {
      const ageMs = since(fetchedMs);
      if (ageMs >= MAX_AGE_MS) await refresh(0);
      else if (ageMs >= REFRESH_AFTER_MS) void refresh(0).catch(() => undefined);
      const keys = await matching(hint);
      if (keys.length > 0) return keys;
      await refresh(UNKNOWN_KEY_EVERY_MS);
      return matching(hint);
    },
  };
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new TypeError('The JWKS URL is not an address that starts with https:// or http://.');
  }
  if (url.username !== '' || url.password !== '') throw new TypeError('The JWKS URL must not hold a user or password.');
  return url;
}

// jose would throw a TypeError at the first token, as if the program were wrong and not the key.
function isStrong(key: VerificationKey): boolean {
  const { modulusLength } = 'algorithm' in key ? (key.algorithm as { modulusLength?: number }) : {};
  return modulusLength === undefined || modulusLength >= 2048;
}

async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_SET_BYTES) throw new Error(`The key set is larger than ${MAX_SET_BYTES} bytes.`);
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
}
