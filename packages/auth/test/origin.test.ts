import { describe, expect, it } from 'vitest';
import { corsOrigin, isAllowedOrigin, type OriginEvidence, parseAllowedOrigins } from '../src/origin.ts';

const allowed = parseAllowedOrigins(['https://app.example', 'https://Other.example:8443/', 'capacitor://localhost']);

function evidence(some: Partial<OriginEvidence>): OriginEvidence {
  return { origin: undefined, secFetchSite: undefined, referer: undefined, host: 'hub.example', ...some };
}

describe('isAllowedOrigin', () => {
  it.each([
    ['an origin in the list', { origin: 'https://app.example' }, true],
    ['a listed origin with its default port written out', { origin: 'https://app.example:443' }, true],
    ['a listed origin with its port', { origin: 'https://other.example:8443' }, true],
    ['a listed origin of a native app', { origin: 'capacitor://localhost' }, true],
    ['the own origin', { origin: 'https://hub.example' }, true],
    ['the own origin before a TLS proxy', { origin: 'http://hub.example' }, true],
    ['the own origin where Host names port 443', { origin: 'https://hub.example', host: 'hub.example:443' }, true],
    ['the own origin where Host names port 80', { origin: 'https://hub.example', host: 'hub.example:80' }, true],
    ['the own origin in other case', { origin: 'https://hub.example', host: 'HUB.Example' }, true],
    ['the own origin on another port', { origin: 'http://hub.example:3000', host: 'hub.example:3000' }, true],
    ['the own origin by IPv6 address', { origin: 'http://[::1]:3000', host: '[::1]:3000' }, true],
    ['a foreign origin', { origin: 'https://evil.example' }, false],
    ['a listed host under another scheme', { origin: 'http://app.example' }, false],
    ['a listed host on another port', { origin: 'https://app.example:444' }, false],
    ['the own host on another port', { origin: 'https://hub.example:444' }, false],
    ['a subdomain of the own host', { origin: 'https://a.hub.example' }, false],
    ['a host that only starts like the own one', { origin: 'https://hub.example.evil.example' }, false],
    ['the own host as a user name', { origin: 'https://hub.example@evil.example' }, false],
    ['the own host under the scheme of an app', { origin: 'capacitor://hub.example' }, false],
    ['an own host that can not be read', { origin: 'https://hub.example', host: 'hub.example/@x' }, false],
    ['no host to compare with', { origin: 'https://hub.example', host: undefined }, false],
    ['an origin with a path', { origin: 'https://app.example/x' }, false],
    ['two origins', { origin: 'https://app.example, https://app.example' }, false],
    ['an empty origin', { origin: '' }, false],
    ['an empty origin though Sec-Fetch-Site is same-origin', { origin: '', secFetchSite: 'same-origin' }, false],
    ['a foreign app where there is no host', { origin: 'capacitor://evil', host: undefined }, false],
    ['Origin: null', { origin: 'null' }, false],
    ['Origin: null though Sec-Fetch-Site is same-origin', { origin: 'null', secFetchSite: 'same-origin' }, false],
    ['a foreign origin though Sec-Fetch-Site is none', { origin: 'https://evil.example', secFetchSite: 'none' }, false],
    ['Sec-Fetch-Site same-origin', { secFetchSite: 'same-origin' }, true],
    ['Sec-Fetch-Site none', { secFetchSite: 'none' }, true],
    ['Sec-Fetch-Site same-site', { secFetchSite: 'same-site' }, false],
    ['Sec-Fetch-Site cross-site', { secFetchSite: 'cross-site' }, false],
    [
      'Sec-Fetch-Site cross-site with the own referer',
      { secFetchSite: 'cross-site', referer: 'https://hub.example/' },
      false,
    ],
    ['a referer of the own host', { referer: 'https://hub.example/page?x=1' }, true],
    ['a referer in the list', { referer: 'https://app.example/page' }, true],
    ['a foreign referer', { referer: 'https://evil.example/hub.example' }, false],
    ['a referer that is no URL', { referer: 'hub.example' }, false],
    ['a referer without a host', { referer: 'about:blank' }, false],
    ['none of the three headers', {}, false],
  ])('section 3: %s: %o is %s', (_name, some, expected) => {
    expect(isAllowedOrigin(evidence(some), allowed)).toBe(expected);
  });
});

describe('corsOrigin', () => {
  it('section 4: echoes a listed origin and the own one, never a star', () => {
    expect(corsOrigin('https://app.example', 'hub.example', allowed)).toBe('https://app.example');
    expect(corsOrigin('http://hub.example', 'hub.example', allowed)).toBe('http://hub.example');
    expect(corsOrigin('capacitor://localhost', 'hub.example', allowed)).toBe('capacitor://localhost');
  });

  it.each([undefined, '', 'null', '*', 'https://evil.example'])('gives nothing to %j', (origin) => {
    expect(corsOrigin(origin, 'hub.example', allowed)).toBeUndefined();
  });
});

describe('parseAllowedOrigins', () => {
  it('refuses what is no origin, and names every such entry', () => {
    const entries = [
      '*',
      'null',
      'app.example',
      'https://a/b',
      'https://*',
      'https://ok.example',
      'https://u@a',
      'file:///',
    ];
    expect(() => parseAllowedOrigins(entries)).toThrow(TypeError);
    expect(() => parseAllowedOrigins(entries)).toThrow(
      '"*", "null", "app.example", "https://a/b", "https://*", "https://u@a", "file:///"',
    );
  });

  it('takes an empty list: the own origin needs no entry', () => {
    expect(corsOrigin('https://hub.example', 'hub.example', parseAllowedOrigins([]))).toBe('https://hub.example');
  });
});
