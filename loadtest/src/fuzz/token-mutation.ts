import { createCipheriv, createHmac } from 'node:crypto';
import type { Chance } from '../chaos/chance.ts';

/** A token that was tampered with. */
interface MutatedToken {
  readonly token: string;
  readonly what: string;
  /** Nobody may take it. `false`: it still means what the good one means, or may be taken for another reason. */
  readonly refused: boolean;
}

export interface TokenMutator {
  mutate(chance: Chance): MutatedToken;
}

type Claims = Readonly<Record<string, unknown>>;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ODD_CHARACTERS = [...'.=+/ ,"\t~', '\u00e9', '\u00ff', '\u0080'];
const DAY_SEC = 86_400;
const GOOD_HEADER = { alg: 'HS256', typ: 'JWT' };

const toPart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(secret: string, header: unknown, payload: string, hash = 'sha256'): string {
  const input = `${toPart(header)}.${payload}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

/**
 * Whether a text is one of the good tokens to any reader that decodes leniently: blanks around it, and another spelling of
 * the same signature bytes (RFC 4648 section 3.5 leaves bits of the last character over) change nothing.
 */
export function meansTheSame(token: string, good: readonly string[]): boolean {
  const text = token.replace(/^[ \t]+|[ \t]+$/g, '');
  const end = text.lastIndexOf('.');
  const bytes = Buffer.from(text.slice(end + 1), 'base64url');
  return good.some((each) => {
    const goodEnd = each.lastIndexOf('.');
    return (
      text.slice(0, end) === each.slice(0, goodEnd) && bytes.equals(Buffer.from(each.slice(goodEnd + 1), 'base64url'))
    );
  });
}

/** Claims that are signed with the right key, and still make no token that anybody may take (contract section 3). */
function badClaims(good: Claims, nowSec: number): readonly Claims[] {
  const { exp: _exp, ...endless } = good;
  return [
    endless,
    { ...good, exp: nowSec - 60 },
    { ...good, exp: nowSec - 2 * DAY_SEC },
    { ...good, exp: `${nowSec + 60}` },
    { ...good, exp: null },
    { ...good, exp: true },
    { ...good, exp: [nowSec + 60] },
    { ...good, exp: 1e20 },
    { ...good, exp: nowSec + 40 * DAY_SEC },
    { ...good, iat: nowSec - 40 * DAY_SEC },
    { ...good, iat: 'today' },
    { ...good, nbf: nowSec + 600 },
    { ...good, nbf: {} },
    { ...good, sub: 7 },
    { ...good, sub: '' },
    { ...good, sub: ['fuzz'] },
    { ...good, jti: {} },
    { ...good, tenant: '' },
    { ...good, tenant: 'a.b' },
    { ...good, tenant: '>' },
    { ...good, tenant: 7 },
    { ...good, tenant: 'x'.repeat(65) },
    { ...good, tidings: null },
    { ...good, tidings: [] },
    { ...good, tidings: 'all' },
    { ...good, tidings: { subscribe: '>' } },
    { ...good, tidings: { subscribe: ['a..b'] } },
    { ...good, tidings: { subscribe: [7] } },
    { ...good, tidings: { publish: { 0: '>' } } },
    { ...good, tidings: { admin: 'true' } },
    { ...good, tidings: { admin: 1 } },
  ];
}

function badHeaders(): readonly object[] {
  return [
    { alg: 'none' },
    { alg: 'None' },
    { alg: '' },
    { alg: null },
    { alg: ['HS256'] },
    { typ: 'JWT' },
    { alg: 'HS384' },
    { alg: 'HS512' },
    { alg: 'RS256' },
    { alg: 'ES256' },
    { alg: 'EdDSA' },
    { alg: 'dir', enc: 'A256GCM' },
    { ...GOOD_HEADER, crit: ['x'], x: 1 },
    { ...GOOD_HEADER, crit: ['exp'] },
    { ...GOOD_HEADER, crit: [] },
    { ...GOOD_HEADER, b64: false, crit: ['b64'] },
    { ...GOOD_HEADER, kid: 7 },
  ];
}

function encrypt(secret: string, payload: string): string {
  const header = toPart({ alg: 'dir', enc: 'A256GCM' });
  // A seed must make the same token again.
  const iv = Buffer.alloc(12, 7);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(secret).subarray(0, 32), iv);
  cipher.setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(payload), cipher.final()]);
  return [
    header,
    '',
    iv.toString('base64url'),
    text.toString('base64url'),
    cipher.getAuthTag().toString('base64url'),
  ].join('.');
}

/**
 * Makes bad tokens of good ones.
 * @param good tokens of different claims, all of `secret`.
 * @param claims of one that would be fine.
 */
export function createTokenMutator(
  secret: string,
  good: readonly string[],
  claims: Claims,
  nowSec: number,
): TokenMutator {
  const payload = toPart(claims);
  const refusedClaims = badClaims(claims, nowSec);
  const refusedHeaders = badHeaders();

  type Way = (chance: Chance) => readonly [what: string, token: string, refused?: boolean];
  const withBadClaims: Way = (chance) => {
    const bad = chance.pick(refusedClaims);
    return [`of the claims ${JSON.stringify(bad).slice(0, 300)}`, sign(secret, GOOD_HEADER, toPart(bad))];
  };
  const ways: readonly Way[] = [
    // There are many of them.
    ...Array.from({ length: 8 }, () => withBadClaims),
    (chance) => {
      const token = chance.pick(good);
      const at = Math.floor(chance.between(0, token.length));
      return ['a character replaced', token.slice(0, at) + chance.pick([...BASE64URL]) + token.slice(at + 1)];
    },
    (chance) => {
      const token = chance.pick(good);
      const at = Math.floor(chance.between(0, token.length + 1));
      const cut = chance.happens(0.5) ? 1 : 0;
      return ['an odd character', token.slice(0, at) + chance.pick(ODD_CHARACTERS) + token.slice(at + cut)];
    },
    (chance) => ['cut', chance.pick(good).slice(0, Math.floor(chance.between(1, good[0]?.length ?? 2)))],
    (chance) => ['doubled', chance.pick(good).repeat(2)],
    (chance) => [
      'two joined',
      chance
        .shuffle(good)
        .slice(0, 2)
        .join(chance.pick(['.', '', '..'])),
    ],
    (chance) => ['in upper case', chance.pick(good).toUpperCase()],
    (chance) => ['reversed', [...chance.pick(good)].reverse().join('')],
    (chance) => {
      const [one = [], two = [], three = []] = chance.shuffle(good).map((token) => token.split('.'));
      return ['parts of several', [one[0], two[1], three[2]].join('.')];
    },
    (chance) => ['parts in another order', chance.shuffle(chance.pick(good).split('.')).join('.')],
    (chance) => ['without a part', chance.shuffle(chance.pick(good).split('.')).slice(0, 2).join('.')],
    (chance) => {
      const parts = chance.pick(good).split('.');
      parts[Math.floor(chance.between(0, 3))] = '';
      return ['with an empty part', parts.join('.')];
    },
    (chance) => {
      const other = chance.pick([
        '',
        ' ',
        secret.toUpperCase(),
        `${secret} `,
        secret.slice(1),
        payload,
        'x'.repeat(32),
      ]);
      return ['of another key', sign(other, GOOD_HEADER, payload)];
    },
    (chance) => {
      const header = chance.pick(refusedHeaders);
      const hash = chance.pick(['sha256', 'sha384', 'sha512']);
      return [`of the header ${JSON.stringify(header)}`, sign(secret, header, payload, hash)];
    },
    (chance) => {
      const header = chance.pick([{ alg: 'none' }, GOOD_HEADER]);
      return ['without a signature', `${toPart(header)}.${payload}.`];
    },
    (chance) => {
      const text = chance.pick([
        '[]',
        '7',
        '"x"',
        'null',
        '{',
        '',
        '{"exp":1e999}',
        '{"__proto__":{"exp":9999999999}}',
      ]);
      return ['of a payload that is none', sign(secret, GOOD_HEADER, Buffer.from(text).toString('base64url'))];
    },
    () => ['encrypted', encrypt(secret, JSON.stringify(claims))],
    (chance) => [
      'nested',
      sign(secret, { ...GOOD_HEADER, cty: 'JWT' }, Buffer.from(chance.pick(good)).toString('base64url')),
    ],
    (chance) => {
      const size = Math.floor(chance.between(8_200, 12_000));
      return ['too large', sign(secret, GOOD_HEADER, toPart({ ...claims, x: 'x'.repeat(size) }))];
    },
    // These are fine, or fine to some: whatever the answer, nothing may break.
    (chance) => {
      const header = {
        ...GOOD_HEADER,
        kid: chance.pick(['../../etc/passwd', 'https://evil.example/', 'x'.repeat(500)]),
      };
      return ['of a kid that is a place', sign(secret, header, payload), false];
    },
    (chance) => {
      const off = chance.pick([-5, -4, -1, 0, 1, 5]);
      const edge = chance.pick([
        { exp: nowSec + off },
        { nbf: nowSec + off },
        { iat: nowSec + off },
        { exp: nowSec + 31 * DAY_SEC + off },
        { exp: nowSec + 0.5 },
        { sub: chance.pick(['a.b', '*', '>', '😀', ' ', '%']) },
        { tenant: 'fuzz2' },
        { unknown: { deep: [] } },
      ]);
      return ['of claims at the edge', sign(secret, GOOD_HEADER, toPart({ ...claims, ...edge })), false];
    },
  ];

  return {
    mutate(chance) {
      const [what, token, refused = true] = chance.pick(ways)(chance);
      return { token, what, refused: refused && token !== '' && !meansTheSame(token, good) };
    },
  };
}
