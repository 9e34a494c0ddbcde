import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseWebhooksFile } from '../src/webhooks-file.ts';

const CRM = { name: 'crm', url: 'https://crm.example/in', secret: { env: 'CRM' }, events: ['session.*'] };
const parse = (endpoint: object, more: object = {}): ReturnType<typeof parseWebhooksFile> =>
  parseWebhooksFile(JSON.stringify({ endpoints: [{ ...CRM, ...endpoint }], ...more }));

describe('the webhooks file', () => {
  test('names endpoints, each with what it is told, and what is left out is as the guide says', () => {
    expect(parse({})).toEqual({
      unreachedAfterSec: 30,
      endpoints: [
        {
          name: 'crm',
          url: CRM.url,
          secrets: [{ env: 'CRM' }],
          types: new Set(['session.opened', 'session.closed']),
          topics: [],
          tenants: undefined,
          allowPrivate: false,
        },
      ],
    });
    const all = parse({ events: ['*'], topics: ['room.*'], secret: [{ file: '/a' }, { env: 'B' }], tenants: ['acme'] });
    expect(all.endpoints[0]).toMatchObject({ secrets: [{ file: '/a' }, { env: 'B' }], tenants: new Set(['acme']) });
    expect(all.endpoints[0]?.types.size).toBe(5);
  });

  test.each<[string, object, string]>([
    ['a name of other characters', { name: 'CRM!' }, 'endpoints[0].name is not 1-32 lower-case letters'],
    ['a URL with a password', { url: 'https://a:b@c.example' }, 'endpoints[0].url is not an http(s) URL'],
    ['a URL without TLS', { url: 'http://c.example' }, 'endpoints[0].url is without TLS'],
    ['a URL without TLS in capitals', { url: ' HTTP://c.example' }, 'endpoints[0].url is without TLS'],
    ['an event that there is not', { events: ['sessions'] }, 'endpoints[0].events[0] is none of'],
    ['a secret in the file', { secret: 'whsec_hidden' }, 'endpoints[0].secret is not {"env"'],
    ['presence of no topic', { events: ['presence.left'] }, 'endpoints[0].topics is missing'],
    ['topics without presence', { topics: ['a'] }, 'endpoints[0].topics means nothing'],
    ['a pattern that is none', { events: ['*'], topics: ['a..b'] }, 'endpoints[0].topics[0] is no topic or pattern'],
    ['no tenant', { tenants: [] }, 'endpoints[0].tenants is empty'],
    ['a member that there is not', { secretKey: 1 }, 'endpoints[0] has an unknown member "secretKey"'],
  ])('%s is a fault, and no value is quoted', (_what, change, fault) => {
    const run = (): unknown => parse(change);
    expect(run).toThrow(fault);
    expect(run).not.toThrow(/hidden|a:b/);
  });

  test('two endpoints of one name, and a time that is none, are faults', () => {
    expect(() => parseWebhooksFile(JSON.stringify({ endpoints: [CRM, CRM] }))).toThrow('endpoints has a name twice.');
    expect(() => parse({}, { unreachedAfterSec: 0 })).toThrow('unreachedAfterSec is not 1 to 3600.');
  });

  test('whatever the file holds, it is read or refused with a TypeError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseWebhooksFile(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 200 },
    );
  });
});
