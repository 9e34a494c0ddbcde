import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { TidingsError } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { KeySource } from '../src/key-source.ts';
import { createRemoteKeySource } from '../src/remote-keys.ts';
import { createVerifier } from '../src/verify.ts';
import { type KeyEndpoint, startKeyEndpoint, toJwk } from './key-endpoint.ts';
import { ec, ed, rsa, sign } from './keys.ts';

const clock = createFakeClock();
const MINUTE_MS = 60_000;

let endpoint: KeyEndpoint;
beforeEach(async () => {
  endpoint = await startKeyEndpoint(toJwk(ec.publicKey, { kid: 'one' }));
});
afterEach(() => endpoint.close());

async function countKeys(source: KeySource, kid = 'one', alg = 'ES256'): Promise<number> {
  return (await source.keysFor({ alg, kid })).length;
}

async function failureOf(promise: Promise<unknown>): Promise<TidingsError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TidingsError);
  return error as TidingsError;
}

it.each([
  ['ES256', ec],
  ['EdDSA', ed],
  ['RS256', rsa],
  ['PS256', rsa],
])('section 3: verifies %s with a key of the set', async (alg, pair) => {
  endpoint.serve(toJwk(pair.publicKey, { kid: 'one' }));
  const verifier = createVerifier({ keys: [createRemoteKeySource(endpoint.url, clock)], clock });
  const token = await sign({ exp: clock.now() / 1000 + 60 }, pair.privateKey, { alg, kid: 'one' });
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
});

it('section 3: an HS256 token signed with what the set shows is refused without a fetch', async () => {
  const verifier = createVerifier({ keys: [createRemoteKeySource(endpoint.url, clock)], clock });
  const token = await sign({ exp: clock.now() / 1000 + 60 }, JSON.stringify(toJwk(rsa.publicKey, {})));
  expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'unsupported-algorithm' });
  expect(endpoint.fetches).toBe(0);
});

it('tries every key that fits when a token names none', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  endpoint.serve(toJwk(other.publicKey, { kid: 'zero' }), toJwk(ec.publicKey, { kid: 'one' }));
  const verifier = createVerifier({ keys: [createRemoteKeySource(endpoint.url, clock)], clock });
  const token = await sign({ exp: clock.now() / 1000 + 60 }, ec.privateKey, { alg: 'ES256' });
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
});

it.each(['two', '../../etc/passwd', 'https://evil.example/key', ''])(
  'hardening section 1: the kid %j is only compared, and unknown',
  async (kid) => {
    const verifier = createVerifier({ keys: [createRemoteKeySource(endpoint.url, clock)], clock });
    const token = await sign({ exp: clock.now() / 1000 + 60 }, ec.privateKey, { alg: 'ES256', kid });
    expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'unknown-key' });
  },
);

it('hardening section 2: unknown kids cause one fetch in 30 s, and a rotated key is found by it', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  await Promise.all([countKeys(source), countKeys(source), countKeys(source)]);
  for (let round = 0; round < 20; round += 1) expect(await countKeys(source, `kid ${round}`)).toBe(0);
  expect(endpoint.fetches).toBe(1);
  endpoint.serve(toJwk(ec.publicKey, { kid: 'one' }), toJwk(rsa.publicKey, { kid: 'two' }));
  clock.advance(30_000);
  expect(await Promise.all([countKeys(source, 'two', 'RS256'), countKeys(source, 'three')])).toEqual([1, 0]);
  expect(endpoint.fetches).toBe(2);
});

it.each<[string, (response: ServerResponse) => void]>([
  ['garbage', (response) => response.end('<html>')],
  ['JSON that is no key set', (response) => response.end('{"keys":7}')],
  ['an error', (response) => response.writeHead(500).end()],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ['no content', (response) => response.writeHead(204).end()],
  ['2 MB', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`)],
  ['a cut connection', (response) => response.destroy()],
])('hardening section 2: an endpoint that answers %s makes tokens wait, not fail', async (_name, bad) => {
  endpoint.answer = bad;
  const error = await failureOf(countKeys(createRemoteKeySource(endpoint.url, clock)));
  expect(error.code).toBe('unavailable');
  expect(error.details).toEqual({ retryAfterSec: 5 });
  expect(error.message).not.toContain('127.0.0.1');
  expect(error.cause).toBeInstanceOf(Error);
});

it('hardening section 2: an endpoint that is down is asked once in 5 s, and works again after that', async () => {
  const good = endpoint.answer;
  endpoint.answer = (response) => response.destroy();
  const source = createRemoteKeySource(endpoint.url, clock);
  for (let round = 0; round < 20; round += 1) await failureOf(countKeys(source));
  expect(endpoint.fetches).toBe(1);
  endpoint.answer = good;
  await failureOf(countKeys(source));
  clock.advance(5_000);
  expect(await countKeys(source)).toBe(1);
  expect(await countKeys(source, 'two')).toBe(0);
  expect(endpoint.fetches).toBe(2);
});

it('hardening section 2: old keys serve on for an hour while the endpoint is down, and unknown ones have to wait', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  expect(await countKeys(source)).toBe(1);
  endpoint.answer = (response) => response.writeHead(500).end();
  clock.advance(10 * MINUTE_MS);
  expect(await countKeys(source)).toBe(1);
  await failureOf(countKeys(source, 'two'));
  expect(endpoint.fetches).toBe(2);
  clock.advance(49 * MINUTE_MS);
  expect(await countKeys(source)).toBe(1);
  clock.advance(MINUTE_MS);
  await failureOf(countKeys(source));
});

it('refreshes the set in the background every 10 minutes, so that a withdrawn key stops working', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  expect(await countKeys(source)).toBe(1);
  clock.advance(10 * MINUTE_MS - 1);
  expect(await countKeys(source)).toBe(1);
  // A request of the test's own, which a fetch in the background would have come before.
  await (await fetch(endpoint.url)).text();
  expect(endpoint.fetches).toBe(2);
  endpoint.serve(toJwk(ec.publicKey, { kid: 'two' }));
  clock.advance(1);
  expect(await countKeys(source)).toBe(1);
  await expect.poll(() => countKeys(source)).toBe(0);
  expect(endpoint.fetches).toBe(3);
});

it('fetches again when the clock was set back', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  await countKeys(source);
  clock.jump(-3 * 60 * MINUTE_MS);
  expect(await countKeys(source)).toBe(1);
  expect(endpoint.fetches).toBe(2);
});

it('takes a key that can not be used for one that is not there', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  endpoint.serve(
    toJwk(weak.publicKey, { kid: 'weak' }),
    toJwk(ec.privateKey, { kid: 'private' }),
    { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'broken' },
    toJwk(ec.publicKey, { kid: 'encryption', use: 'enc' }),
    { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
  );
  const source = createRemoteKeySource(endpoint.url, clock);
  expect(await countKeys(source, 'weak', 'RS256')).toBe(0);
  for (const kid of ['private', 'broken', 'encryption', 'secret']) expect(await countKeys(source, kid)).toBe(0);
});

it('the set has an edition while it is in force, and another one after each fetch', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  expect(source.edition).toBeUndefined();
  await countKeys(source);
  const first = source.edition;
  expect(first).toBeDefined();
  clock.advance(30_000);
  await countKeys(source, 'unknown');
  expect(endpoint.fetches).toBe(2);
  expect(source.edition).not.toBe(first);
  clock.advance(60 * MINUTE_MS);
  expect(source.edition).toBeUndefined();
});

it('section 3: a token of a withdrawn key is refused from the fetch on that lacks the key, however young it is known', async () => {
  const verifier = createVerifier({ keys: [createRemoteKeySource(endpoint.url, clock)], clock });
  const token = await sign({ exp: clock.now() / 1000 + 3_600 }, ec.privateKey, { alg: 'ES256', kid: 'one' });
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  endpoint.serve(toJwk(ed.publicKey, { kid: 'two' }));
  clock.advance(30_000);
  expect(await verifier.verify(token)).toMatchObject({ ok: true });
  const newer = await sign({ exp: clock.now() / 1000 + 60 }, ed.privateKey, { alg: 'EdDSA', kid: 'two' });
  expect(await verifier.verify(newer)).toMatchObject({ ok: true });
  expect(await verifier.verify(token)).toEqual({ ok: false, reason: 'unknown-key' });
});
