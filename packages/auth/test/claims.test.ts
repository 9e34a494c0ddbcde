import { describe, expect, it } from 'vitest';
import { parseClaims } from '../src/claims.ts';

const exp = 1_790_000_000;

describe('parseClaims', () => {
  it('section 3: reads every claim of the example', () => {
    const tidings = { subscribe: ['orders.*', 'chat.>'], publish: ['orders.>'], admin: false };
    expect(parseClaims({ sub: 'alice', exp, iat: 5, jti: 'x', tenant: 'acme', tidings })).toEqual({
      user: 'alice',
      tenant: 'acme',
      ...tidings,
      tokenId: 'x',
      issuedAtSec: 5,
      expiresAtSec: exp,
    });
  });

  it('section 1: takes the tenant default and grants nothing without claims', () => {
    expect(parseClaims({ exp })).toEqual({
      user: undefined,
      tenant: 'default',
      subscribe: [],
      publish: [],
      admin: false,
      tokenId: undefined,
      issuedAtSec: undefined,
      expiresAtSec: exp,
    });
  });

  it.each([
    ['sub', 7],
    ['sub', ''],
    ['sub', null],
    ['sub', ['alice']],
    ['jti', 7],
    ['jti', ''],
    ['iat', '5'],
    ['iat', Number.POSITIVE_INFINITY],
    ['exp', '1790000000'],
    ['exp', null],
    ['exp', Number.POSITIVE_INFINITY],
    ['exp', undefined],
    ['tenant', ''],
    ['tenant', null],
    ['tenant', 7],
    ['tenant', 'a.b'],
    ['tenant', '*'],
    ['tenant', '>'],
    ['tenant', 'a b'],
    ['tenant', 'x'.repeat(65)],
    ['tenant', 'é'.repeat(33)],
    ['tidings', null],
    ['tidings', []],
    ['tidings', 'admin'],
    ['tidings', { admin: 'true' }],
    ['tidings', { admin: 1 }],
    ['tidings', { admin: null }],
    ['tidings', { subscribe: 'orders.*' }],
    ['tidings', { subscribe: null }],
    ['tidings', { subscribe: { 0: 'orders.*', length: 1 } }],
    ['tidings', { subscribe: [7] }],
    ['tidings', { subscribe: ['a..b'] }],
    ['tidings', { subscribe: ['a.>.b'] }],
    ['tidings', { subscribe: ['ok', ''] }],
    ['tidings', { publish: ['a b'] }],
    ['tidings', { publish: [['a']] }],
  ])('hardening section 1: %s = %j is refused', (name, value) => {
    expect(parseClaims({ exp, [name]: value })).toBeUndefined();
  });

  it.each(['a.b', '*', '>', '😀', 'a b', '%2E', '\ud800'])('takes the user id %j as it is', (sub) => {
    expect(parseClaims({ exp, sub })?.user).toBe(sub);
  });

  it('takes a tenant of 64 bytes', () => {
    expect(parseClaims({ exp, tenant: 'é'.repeat(32) })?.tenant).toBe('é'.repeat(32));
  });

  it('ignores unknown claims and members', () => {
    expect(parseClaims({ exp, scope: 7, tidings: { subscribe: ['a'], colour: 'red' } })?.subscribe).toEqual(['a']);
  });

  it('hardening section 1: grants nothing that stands on a prototype', () => {
    const json = `{"exp":${exp},"__proto__":{"sub":"evil","tidings":{"admin":true}},"tidings":{"__proto__":{"admin":true}}}`;
    expect(parseClaims(JSON.parse(json))).toMatchObject({ user: undefined, admin: false });
    const inherited = Object.create({ sub: 'evil', tenant: 'evil', tidings: { admin: true } });
    inherited.exp = exp;
    expect(parseClaims(inherited)).toMatchObject({ user: undefined, tenant: 'default', admin: false });
    const rights = Object.create({ admin: true, subscribe: ['>'], publish: ['>'] });
    expect(parseClaims({ exp, tidings: rights })).toMatchObject({ admin: false, subscribe: [], publish: [] });
  });
});
