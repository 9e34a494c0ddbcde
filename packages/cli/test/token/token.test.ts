import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Around, runHere } from '../command-run.ts';
import { SECRET } from '../hub.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const NOW_SEC = NOW / 1_000;
const now = () => NOW;
const WITH_SECRET: Around = { now, env: { TIDINGS_JWT_SECRET: `${SECRET},another ${SECRET}` } };

const folder = mkdtempSync(join(tmpdir(), 'tidings-cli-'));
const secretFile = join(folder, 'secret');
writeFileSync(secretFile, `${SECRET}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const mint = (words: readonly string[], around: Around = WITH_SECRET) => runHere(['token', 'mint', ...words], around);
const inspect = (words: readonly string[], around: Around = WITH_SECRET) =>
  runHere(['token', 'inspect', ...words], around);

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any claims and header. */
function signed(claims: object, header: object = { alg: 'HS256' }, secret: string = SECRET): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

async function found(token: string, around?: Around): Promise<Record<string, unknown>> {
  return JSON.parse((await inspect([token, '--json'], around)).out);
}

describe('token mint', () => {
  test('mints what was said, with the first secret or that of a file', async () => {
    const said = [
      '--sub',
      'alice',
      '--subscribe',
      'orders.*',
      '--subscribe',
      'chat.>',
      '--publish',
      'a',
      '--ttl',
      '1h30m',
    ];
    const { code, out, err } = await mint([...said, '--tenant', 'acme', '--jti', 'x']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await found(out.trim())).toMatchObject({
      header: { alg: 'HS256', typ: 'JWT' },
      claims: {
        sub: 'alice',
        tenant: 'acme',
        jti: 'x',
        iat: NOW_SEC,
        exp: NOW_SEC + 5_400,
        tidings: { subscribe: ['orders.*', 'chat.>'], publish: ['a'] },
      },
      signature: 'valid',
      refusals: [],
    });
    const env = { TIDINGS_JWT_ISSUER: 'us', TIDINGS_JWT_AUDIENCE: 'hub' };
    const admin = await mint(['--admin', '--secret-file', secretFile], { now, env });
    expect((await found(admin.out.trim(), { now, env })).claims).toMatchObject({
      iss: 'us',
      aud: 'hub',
      tidings: { admin: true },
    });
  });

  test('what services would refuse is refused, or told', async () => {
    expect(await mint(['--subscribe', 'a..b'])).toMatchObject({ code: 64, out: '' });
    expect(await mint(['--tenant', 'a.b'])).toMatchObject({ code: 64, out: '' });
    expect(await mint(['--ttl', '5'])).toMatchObject({ code: 64, out: '' });
    expect(await mint(['--ttl', '32d'])).toMatchObject({ code: 0, err: expect.stringContaining('31 d') });
  });

  test('a secret that is missing, short or not there is told without it', async () => {
    expect(await mint([], {})).toMatchObject({ code: 78, err: expect.stringContaining('TIDINGS_JWT_SECRET') });
    const short = await mint([], { env: { TIDINGS_JWT_SECRET: 'shortsecret' } });
    expect(short).toMatchObject({ code: 78, out: '', err: expect.stringContaining('32') });
    expect(short.err).not.toContain('shortsecret');
    expect(await inspect(['a.b.c'], { env: { TIDINGS_JWT_SECRET: 'shortsecret' } })).toMatchObject({ code: 65 });
    const token = signed({ sub: 'alice' });
    expect(await inspect([token], { env: { TIDINGS_JWT_SECRET: 'shortsecret' } })).toEqual({
      code: 78,
      out: '',
      err: expect.stringMatching(/^tidings: Secret 1 of 1 has 11 bytes: [^\n]*\n$/),
    });
    expect(await mint(['--secret-file', join(folder, 'none')])).toMatchObject({ code: 66, out: '' });
  });
});

describe('token inspect', () => {
  const claims = { sub: 'alice', iat: NOW_SEC - 60, exp: NOW_SEC + 600, tidings: { publish: ['a'] } };

  test('says what a token grants, when it ends and who signed it, and never shows the signature', async () => {
    const token = signed({ ...claims, role: 'x' });
    const { code, out } = await inspect(['-'], { ...WITH_SECRET, stdin: `${token}\n` });
    expect(code).toBe(0);
    expect(out).toContain('subscribe  user.alice, user.alice.>\npublish    a\nadmin      no\n');
    expect(out).toContain('expires    2026-11-21T08:10:00.000Z, in 10 m\n');
    expect(out).toContain('issued     2026-11-21T07:59:00.000Z, 1 m ago\n');
    expect(out).toContain('others     {"role":"x"}\n');
    expect(out).toContain('signature  valid');
    expect(out).toContain('services   take it');
    const { out: json } = await inspect([token, '--json']);
    for (const text of [out, json]) expect(text).not.toContain(token.split('.')[2]);
  });

  test('reads TIDINGS_TOKEN, and without a secret does not look at the signature', async () => {
    const env = { TIDINGS_TOKEN: signed(claims) };
    expect((await inspect([], { now, env })).out).toContain('signature  not checked');
    expect(await inspect([])).toMatchObject({ code: 64 });
  });

  const key = generateKeyPairSync('ed25519').privateKey;
  const ofAKey = `${encode({ alg: 'EdDSA' })}.${encode(claims)}`;

  test.each([
    ['a token of another secret', signed(claims, undefined, 'another'), 'invalid', ['bad-signature']],
    ['one that has expired', signed({ ...claims, exp: NOW_SEC - 6 }), 'valid', ['expired']],
    ['one that never ends', signed({ sub: 'alice' }), 'valid', ['no-expiry']],
    ['one that lives too long', signed({ ...claims, exp: NOW_SEC + 3e6 }), 'valid', ['lives-too-long']],
    ['one of the future', signed({ ...claims, iat: NOW_SEC + 60 }), 'valid', ['issued-in-future']],
    ['one that is not valid yet', signed({ ...claims, nbf: NOW_SEC + 60 }), 'valid', ['not-yet-valid']],
    ['one with a bad claim', signed({ ...claims, tidings: { publish: 'a' } }), 'valid', ['invalid-claims']],
    [
      'one without a signature',
      `${encode({ alg: 'none' })}.${encode(claims)}.`,
      'unchecked',
      ['unsupported-algorithm'],
    ],
    ['one with crit', signed(claims, { alg: 'HS256', crit: ['x'] }), 'unchecked', ['unsupported-extension']],
    ['one of a key', `${ofAKey}.${sign(null, Buffer.from(ofAKey), key).toString('base64url')}`, 'unchecked', []],
    [
      'one that is wrong in two ways',
      signed({ sub: 'alice' }, undefined, 'x'),
      'invalid',
      ['bad-signature', 'no-expiry'],
    ],
  ])('%s', async (_what, token, signature, refusals) => {
    expect(await found(token)).toMatchObject({ signature, refusals });
    const { code, out } = await inspect([token]);
    expect(code).toBe(0);
    for (const reason of refusals) expect(out).toContain(`${reason}: `);
    expect(out.includes('refuse it')).toBe(refusals.length > 0);
  });

  test('the issuer and the audience of the environment count', async () => {
    const env = { ...WITH_SECRET.env, TIDINGS_JWT_ISSUER: 'us', TIDINGS_JWT_AUDIENCE: 'hub' };
    expect(await found(signed({ ...claims, iss: 'them', aud: 'hub' }), { now, env })).toMatchObject({
      signature: 'valid',
      refusals: ['wrong-issuer'],
    });
    expect((await found(signed({ ...claims, iss: 'us', aud: 'x' }), { now, env })).refusals).toEqual([
      'wrong-audience',
    ]);
    expect((await found(signed({ ...claims, iss: 'us', aud: ['hub'] }), { now, env })).refusals).toEqual([]);
  });

  test.each([
    ['tdt_abc', 'a ticket'],
    ['a.b.c.d.e', 'encrypted'],
    ['a.b.c', 'no JWT'],
    ['hello', 'no JWT'],
  ])('%s is none', async (text, what) => {
    const { code, out, err } = await inspect([text]);
    expect({ code, out }).toEqual({ code: 65, out: '' });
    expect(err).toContain(what);
  });

  test('a claim controls no terminal', async () => {
    expect((await inspect([signed({ ...claims, sub: 'a\x1b[2J' })])).out).not.toContain('\x1b');
  });
});
