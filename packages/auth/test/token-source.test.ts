import { describe, expect, it } from 'vitest';
import { findToken, type TokenPlaces } from '../src/token-source.ts';

const production = { cookieName: 'tidings', production: true };
const development = { cookieName: 'tidings', production: false };

function places(some: Partial<TokenPlaces>): TokenPlaces {
  return { authorization: [], cookie: undefined, accessToken: [], ...some };
}

describe('findToken', () => {
  it('section 3: the header wins over the cookie, and the cookie over the query', () => {
    const all = { authorization: ['Bearer one'], cookie: '__Host-tidings=two', accessToken: ['three'] };
    expect(findToken(all, production)).toEqual({ token: 'one', from: 'header' });
    expect(findToken({ ...all, authorization: [] }, production)).toEqual({ token: 'two', from: 'cookie' });
    expect(findToken(places({ accessToken: ['three'] }), production)).toEqual({ token: 'three', from: 'query' });
    expect(findToken(places({}), production)).toBeUndefined();
  });

  it.each(['bearer one', 'BEARER one', '  Bearer \t one  '])(
    'reads the scheme of %j in any case, blanks aside',
    (value) => {
      expect(findToken(places({ authorization: [value] }), production)).toEqual({ token: 'one', from: 'header' });
    },
  );

  it.each(['Basic YTpi', 'Digest username="x", realm="y"', 'Bearerone', 'Negotiate'])(
    'skips the other scheme of %j and looks on',
    (value) => {
      const found = findToken(places({ authorization: [value], accessToken: ['three'] }), production);
      expect(found).toEqual({ token: 'three', from: 'query' });
    },
  );

  it.each([
    ['an empty Authorization', { authorization: [''] }],
    ['Bearer alone', { authorization: ['Bearer'] }],
    ['Bearer and blanks', { authorization: ['Bearer   '] }],
    ['Bearer with a space inside', { authorization: ['Bearer one two'] }],
    ['two Bearer values in one header', { authorization: ['Bearer one, Bearer two'] }],
    ['two Authorization headers', { authorization: ['Bearer one', 'Bearer one'] }],
    ['two Authorization headers of other schemes', { authorization: ['Basic YTpi', 'Bearer one'] }],
    ['an empty access_token', { accessToken: [''] }],
    ['two access_token', { accessToken: ['three', 'three'] }],
  ])('hardening section 1: %s is malformed', (_name, some) => {
    expect(findToken(places(some), production)).toBe('malformed');
  });

  it('does not fall back to the cookie when the header is malformed', () => {
    expect(findToken(places({ authorization: ['Bearer'], cookie: '__Host-tidings=two' }), production)).toBe(
      'malformed',
    );
  });

  it.each([
    ['the __Host- cookie is tried first', 'tidings=plain; __Host-tidings=host', development, 'host'],
    ['the plain cookie is read in development', 'a=b; tidings=plain', development, 'plain'],
    ['the plain cookie is never read in production', 'a=b; tidings=plain', production, undefined],
    ['an empty cookie counts as none', '__Host-tidings=; tidings=plain', development, 'plain'],
    ['an empty cookie alone is no token', '__Host-tidings=', production, undefined],
    ['a value keeps its equals signs', '__Host-tidings=a=b==', production, 'a=b=='],
    ['blanks around name and value are dropped', '  __Host-tidings\t= host \t;x=y', production, 'host'],
    ['names are case-sensitive', '__host-tidings=host', production, undefined],
    ['a name is matched whole', 'x__Host-tidings=a; __Host-tidings2=b', production, undefined],
    ['a nameless cookie is not it', '__Host-tidings; =__Host-tidings', production, undefined],
    ['a cookie disguised by a no-break space is not it', '\u00a0__Host-tidings=evil', production, undefined],
    ['an empty header holds none', '', production, undefined],
  ])('section 3: %s', (_name, cookie, options, token) => {
    const found = findToken(places({ cookie }), options);
    expect(found).toEqual(token === undefined ? undefined : { token, from: 'cookie' });
  });

  it.each(['__Host-mine', '__Secure-mine'])('uses the configured name %s as it is', (cookieName) => {
    const found = findToken(places({ cookie: `__Host-${cookieName}=no; ${cookieName}=yes` }), {
      cookieName,
      production: true,
    });
    expect(found).toEqual({ token: 'yes', from: 'cookie' });
  });
});
