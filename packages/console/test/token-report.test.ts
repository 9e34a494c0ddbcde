import { createHmac } from 'node:crypto';
import { createSecretSource, createVerifier } from '@tidings/auth';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import { toRelative } from '../src/page/tokens/relative-time.ts';
import { inspectToken } from '../src/page/tokens/token-report.ts';

const NOW_SEC = 1_790_000_000;
const SECRET = 'a secret of this test that is 32 bytes or longer';
const FINE = { sub: 'alice', iat: NOW_SEC, exp: NOW_SEC + 60, tidings: {} };

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function sign(claims: object, alg = 'HS256'): string {
  const signed = `${encode({ alg })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

const faultsOf = (token: string): readonly string[] => {
  const report = inspectToken(token, NOW_SEC * 1000);
  return 'faults' in report ? report.faults : [report.fault];
};

describe('what is told of a token without its key', () => {
  test('is its header and its claims, and nothing where nothing is wrong', () => {
    const report = inspectToken(`  ${sign(FINE)}\n`, NOW_SEC * 1000);
    expect(report).toEqual({ header: { alg: 'HS256' }, claims: FINE, faults: [] });
  });

  test.each([
    ['ended', { exp: NOW_SEC - 6 }, 'It has ended'],
    ['without an end', { exp: undefined }, 'It has no end'],
    ['with an end that is no number', { exp: 'soon' }, 'It has no end'],
    ['that lives too long', { exp: NOW_SEC + 31 * 86_400 + 1 }, 'longer than 31 days'],
    ['of the future', { iat: NOW_SEC + 6 }, 'issued in the future'],
    ['not valid yet', { nbf: NOW_SEC + 6 }, 'not valid yet'],
    ['of a subject that is no name', { sub: 3 }, 'subject'],
  ])('names the fault of a token %s, which the hub refuses too', async (_, change, fault) => {
    const token = sign({ ...FINE, ...change });
    expect(faultsOf(token)).toEqual([expect.stringContaining(fault)]);
    const clock = createFakeClock(NOW_SEC * 1000);
    const verifier = createVerifier({ keys: [createSecretSource([SECRET])], clock });
    expect((await verifier.verify(token)).ok).toBe(false);
    expect((await verifier.verify(sign(FINE))).ok).toBe(true);
  });

  test('says of a token that grants nothing, and of one under no algorithm or another than ours, that it is so', () => {
    expect(faultsOf(sign({ ...FINE, tidings: undefined }))).toEqual([expect.stringContaining('no member tidings')]);
    expect(faultsOf(`${encode({ alg: 'none' })}.${encode(FINE)}.`)).toEqual([
      expect.stringContaining('algorithm is none'),
      'It has no signature.',
    ]);
    expect(faultsOf(sign(FINE, 'HS512'))).toEqual([expect.stringContaining('takes no HS512')]);
  });

  test.each([
    ['tdt_abc', 'This is a ticket'],
    ['nonsense', 'This is no JWT'],
    ['a.b.c', 'its first part'],
    [`${encode({ alg: 'HS256' })}.${encode([1])}.x`, 'its second part'],
    ['a.b.c.d.e', 'encrypted'],
  ])('says of %s what it is instead', (text, fault) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining(fault)]);
  });
});

test.each([
  [0, 'now'],
  [999, 'now'],
  [1_000, 'in 1 s'],
  [-119_000, '1 min ago'],
  [3 * 3_600_000 + 59_000, 'in 3 h'],
  [-40 * 86_400_000, '40 d ago'],
])('%i ms from now are told as %s', (ms, words) => {
  expect(toRelative(NOW_SEC * 1000 + ms, NOW_SEC * 1000)).toBe(words);
});
