/** The places of a request where a token may stand, as plain data. Header values are as Node gives them, latin1. */
export interface TokenPlaces {
  /** Every `Authorization` header of the request: Node's `req.headers` drops all but the first. */
  readonly authorization: readonly string[];
  /** The `Cookie` header. */
  readonly cookie: string | undefined;
  /** Every value of the query parameter `access_token`, decoded. */
  readonly accessToken: readonly string[];
}

export interface TokenSourceOptions {
  /** Name without prefix, such as `tidings`; one that starts with `__Host-` or `__Secure-` is used as it is. */
  readonly cookieName: string;
  /** In production the plain cookie is not read: a subdomain or a plain http page could have planted it. */
  readonly production: boolean;
}

/** Where a token stood: a cookie asks for an allowed origin, a query for a silent log. */
export type TokenPlace = 'header' | 'cookie' | 'query';

/** A token, not yet verified, and where it stood. */
export interface FoundToken {
  readonly token: string;
  readonly from: TokenPlace;
}

/**
 * Finds the token of a request (contract section 3): `Authorization: Bearer`, then the cookie, then `access_token`; the
 * first found wins, and later places are not looked at. `undefined` when there is none.
 *
 * `malformed`, which the caller answers with 401: two `Authorization` headers or one that is empty, `Bearer` with
 * nothing or more than one word after it, two `access_token` or an empty one.
 */
export function findToken(places: TokenPlaces, options: TokenSourceOptions): FoundToken | 'malformed' | undefined {
  return findInHeader(places.authorization) ?? findInCookie(places.cookie, options) ?? findInQuery(places.accessToken);
}

function findInHeader(values: readonly string[]): FoundToken | 'malformed' | undefined {
  const [value, ...others] = values;
  if (value === undefined) return undefined;
  const [scheme, token, ...rest] = value.split(/[ \t]+/).filter((word) => word !== '');
  if (others.length > 0 || scheme === undefined) return 'malformed';
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  return token === undefined || rest.length > 0 ? 'malformed' : { token, from: 'header' };
}

function findInCookie(header: string | undefined, options: TokenSourceOptions): FoundToken | undefined {
  if (header === undefined) return undefined;
  const pairs = header.split(';').map(toPair);
  for (const wanted of cookieNames(options)) {
    const token = pairs.find(({ name, value }) => name === wanted && value !== '')?.value;
    if (token !== undefined) return { token, from: 'cookie' };
  }
  return undefined;
}

function findInQuery(values: readonly string[]): FoundToken | 'malformed' | undefined {
  const [token, ...others] = values;
  if (token === undefined) return undefined;
  return token === '' || others.length > 0 ? 'malformed' : { token, from: 'query' };
}

function cookieNames({ cookieName, production }: TokenSourceOptions): readonly string[] {
  if (/^__(Host|Secure)-/.test(cookieName)) return [cookieName];
  return production ? [`__Host-${cookieName}`] : [`__Host-${cookieName}`, cookieName];
}

// A pair without `=` has no name; a browser sends it for a cookie that a script set so.
function toPair(text: string): { name: string; value: string } {
  const sign = text.indexOf('=');
  return { name: trimBlanks(text.slice(0, Math.max(0, sign))), value: trimBlanks(text.slice(sign + 1)) };
}

// Not `trim`: it strips U+00A0 too, and a browser lets a plain page set a cookie named U+00A0 + `__Host-tidings`.
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
