import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
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
const PACKED = gzipSync(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`);

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

const GOOD_SET = JSON.stringify({ keys: [toJwk(ec.publicKey, { kid: 'one' })] });

const redirect =
  (location: string) =>
  (response: ServerResponse): void => {
    if (response.req.url === '/elsewhere')
      response.end(JSON.stringify({ keys: [toJwk(ec.publicKey, { kid: 'one' })] }));
    else response.writeHead(302, { location }).end();
  };

const BAD_ANSWERS: readonly (readonly [name: string, answer: (response: ServerResponse) => void])[] = [
  ['garbage', (response) => response.end('<html>')],
  ['JSON that is no key set', (response) => response.end('{"keys":7}')],
  ['a key set cut short', (response) => response.end('{"keys":[')],
  ['an error', (response) => response.writeHead(500).end()],
  ['an error with a good key set', (response) => response.writeHead(503).end(GOOD_SET)],
  ['a redirect to a good key set', redirect('/elsewhere')],
  ['a redirect to another scheme', redirect(`data:application/json,${encodeURIComponent(GOOD_SET)}`)],
  ['a redirect to a file', redirect('file:///dev/null')],
  ['no content', (response) => response.writeHead(204).end()],
  ['2 MB', (response) => response.end(`{"keys":[],"x":"${'x'.repeat(2_000_000)}"}`)],
  ['2 MB packed into 2 KB', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(PACKED)],
  ['a cut connection', (response) => response.destroy()],
  ['nothing at all', () => {}],
  ['headers, and then nothing', (response) => response.writeHead(200).flushHeaders()],
  ['a key set that never ends', (response) => void response.write('{"keys":[')],
];
// Real time, which only the three that hang wait for.
const TIMEOUT_MS = 300;

it.each(BAD_ANSWERS)(
  'hardening section 2: an endpoint that answers %s makes tokens wait, not fail',
  async (_name, bad) => {
    endpoint.answer = bad;
    const error = await failureOf(countKeys(createRemoteKeySource(endpoint.url, clock, TIMEOUT_MS)));
    expect(error.code).toBe('unavailable');
    expect(error.details).toEqual({ retryAfterSec: 5 });
    expect(error.message).not.toContain('127.0.0.1');
    expect(error.cause).toBeInstanceOf(Error);
  },
);

it.each(BAD_ANSWERS)('hardening section 2: old keys serve on while the endpoint answers %s', async (_name, bad) => {
  const source = createRemoteKeySource(endpoint.url, clock, TIMEOUT_MS);
  expect(await countKeys(source)).toBe(1);
  endpoint.answer = bad;
  clock.advance(10 * MINUTE_MS);
  expect(await countKeys(source)).toBe(1);
  // Of a key that is not there it is not known whether it is new: that waits for the fetch, and the others do not.
  const unknown = failureOf(countKeys(source, 'two'));
  expect(await countKeys(source)).toBe(1);
  expect((await unknown).code).toBe('unavailable');
  expect(await countKeys(source)).toBe(1);
  expect(endpoint.fetches).toBe(2);
});

it('hardening section 2: 1,000 tokens with unknown kids at once cause one fetch in 30 s, and in 5 s while it fails', async () => {
  const source = createRemoteKeySource(endpoint.url, clock);
  const verifier = createVerifier({ keys: [source], clock });
  const claims = { exp: clock.now() / 1000 + 3_600 };
  const good = await sign(claims, ec.privateKey, { alg: 'ES256', kid: 'one' });
  const flood = (count: number): Promise<unknown[]> =>
    Promise.all(
      Array.from({ length: count }, (_, place) => {
        const [, payload, signature] = good.split('.');
        const header = Buffer.from(`{"alg":"ES256","kid":"${place}"}`).toString('base64url');
        return verifier.verify(`${header}.${payload}.${signature}`).catch((error: TidingsError) => error.code);
      }),
    );
  const refused = (count: number): object[] =>
    Array.from({ length: count }, () => ({ ok: false, reason: 'unknown-key' }));
  expect(await flood(1_000)).toEqual(refused(1_000));
  expect(endpoint.fetches).toBe(1);
  clock.advance(29_999);
  expect(await flood(20)).toEqual(refused(20));
  expect(endpoint.fetches).toBe(1);
  clock.advance(1);
  expect(await flood(20)).toEqual(refused(20));
  expect(endpoint.fetches).toBe(2);
  endpoint.answer = (response) => response.writeHead(500).end();
  clock.advance(30_000);
  for (let round = 0; round < 2; round += 1) {
    expect(new Set(await flood(20))).toEqual(new Set(['unavailable']));
    expect(await verifier.verify(good)).toMatchObject({ ok: true });
  }
  expect(endpoint.fetches).toBe(3);
  clock.advance(5_000);
  await flood(20);
  expect(endpoint.fetches).toBe(4);
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
