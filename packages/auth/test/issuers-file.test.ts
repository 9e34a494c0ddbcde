import { expect, it } from 'vitest';
import { parseIssuersFile } from '../src/issuers-file.ts';

const ACME = { issuer: 'https://id.acme.example', jwksUrl: 'https://id.acme.example/keys' };

function problemsOf(text: string): string[] {
  try {
    parseIssuersFile(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).not.toContain('hunter2');
    expect((error as Error).cause).toBeUndefined();
    return (error as Error).message.split('\n');
  }
  return expect.unreachable() as never;
}

it('reads issuers with a URL or a key, and what else is said of them', () => {
  const issuers = [
    { ...ACME, audience: 'hub', tenants: ['acme', 'labs'] },
    { issuer: 'login', publicKey: '/etc/tidings/login.pem' },
  ];
  expect(parseIssuersFile(JSON.stringify({ issuers }))).toEqual(issuers);
});

it.each<[string, unknown, string]>([
  ['a list', [], 'The file is not an object.'],
  ['null', null, 'The file is not an object.'],
  ['no issuers', {}, 'issuers is not a list.'],
  ['issuers as an object', { issuers: { hunter2: ACME } }, 'issuers is not a list.'],
  ['an empty list of issuers', { issuers: [] }, 'issuers is empty.'],
  ['an unknown member', { issuers: [ACME], secret: 'hunter2' }, 'The file has an unknown member "secret".'],
  ['an issuer that is a text', { issuers: ['hunter2'] }, 'issuers[0] is not an object.'],
  ['an unknown member of an issuer', { issuers: [{ ...ACME, x: 'hunter2' }] }, 'issuers[0] has an unknown member "x".'],
  [
    'an unknown member that should be a key',
    { issuers: [{ issuer: 'x', jwks: 'hunter2' }] },
    'issuers[0] has an unknown member "jwks".',
  ],
  ['an issuer without a name', { issuers: [{ jwksUrl: ACME.jwksUrl }] }, 'issuers[0].issuer is not a text.'],
  ['an issuer with an empty name', { issuers: [{ ...ACME, issuer: '' }] }, 'issuers[0].issuer is empty.'],
  [
    'an issuer without keys',
    { issuers: [ACME, { issuer: 'x' }] },
    'issuers[1] needs one of jwksUrl and publicKey, and not both.',
  ],
  [
    'an issuer with both',
    { issuers: [{ ...ACME, publicKey: 'hunter2' }] },
    'issuers[0] needs one of jwksUrl and publicKey, and not both.',
  ],
  [
    'an issuer twice',
    { issuers: [ACME, { issuer: 'x', jwksUrl: 'y' }, ACME] },
    'issuers[2].issuer stands there twice.',
  ],
  [
    'an audience that is a list',
    { issuers: [{ ...ACME, audience: ['hunter2'] }] },
    'issuers[0].audience is not a text.',
  ],
  ['tenants as a text', { issuers: [{ ...ACME, tenants: 'hunter2' }] }, 'issuers[0].tenants is not a list.'],
  ['no tenants', { issuers: [{ ...ACME, tenants: [] }] }, 'issuers[0].tenants is empty: leave it out for any tenant.'],
  [
    'a tenant that is none',
    { issuers: [{ ...ACME, tenants: ['a', 'hunter2.*'] }] },
    'issuers[0].tenants[1] is not the name of a tenant.',
  ],
  ['a tenant that is a number', { issuers: [{ ...ACME, tenants: [7] }] }, 'issuers[0].tenants[0] is not a text.'],
  ['a tenant twice', { issuers: [{ ...ACME, tenants: ['a', 'a'] }] }, 'issuers[0].tenants names a tenant twice.'],
])('section 9: %s is one clear line that quotes no value', (_name, value, problem) => {
  expect(problemsOf(JSON.stringify(value))).toEqual([problem]);
});

it.each(['', 'hunter2', '{"issuers":hunter2}', '{"issuers":['])('section 9: the text %j is not JSON', (text) => {
  expect(problemsOf(text)).toEqual(['The file is not JSON.']);
});

it('section 9: every fault is told at once', () => {
  const issuers = [
    { ...ACME, x: 1 },
    { issuer: 7, jwksUrl: 'y' },
    { ...ACME, tenants: ['a.b', ''] },
  ];
  expect(problemsOf(JSON.stringify({ issuers, more: 1 }))).toHaveLength(5);
});
