import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { createLogger, redactUrl } from '../src/logger.ts';
import { parseQuery } from '../src/query.ts';

describe('redactUrl', () => {
  it.each([
    ['/v1/stream', '/v1/stream'],
    ['/v1/stream?', '/v1/stream?'],
    ['/v1/stream?topic=a&topic=b', '/v1/stream?topic=a&topic=b'],
    ['/v1/stream?access_token=abc', '/v1/stream?access_token=REDACTED'],
    ['/v1/stream?access_token', '/v1/stream?access_token=REDACTED'],
    ['/v1/stream?topic=a&access_token=abc&x=1', '/v1/stream?topic=a&access_token=REDACTED&x=1'],
    ['/?access_token=a&access_token=b', '/?access_token=REDACTED&access_token=REDACTED'],
    ['/?access_token=a=b?c', '/?access_token=REDACTED'],
    ['/?ACCESS_Token=a', '/?ACCESS_Token=REDACTED'],
    ['/?%61ccess_token=a', '/?%61ccess_token=REDACTED'],
    ['/?access%5ftoken=a', '/?access%5ftoken=REDACTED'],
    ['/?+access_token+=a', '/?+access_token+=REDACTED'],
    ['/?%zz=a&b=c', '/?%zz=REDACTED&b=c'],
    ['/?a=1&amp;access_token=a', '/?a=1&amp;access_token=REDACTED'],
    ['/?access_token[]=a', '/?access_token[]=REDACTED'],
    ['/?x=access_token', '/?x=access_token'],
    ['/access_token?x=1', '/access_token?x=1'],
    ['/?acess_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl&b=c', '/?acess_token=REDACTED&b=c'],
    ['/?topic=a,eyJhbGciOiJIUzI1NiJ9%2EeyJzdWIiOiJhIn0%2ec2ln.x', '/?topic=a,REDACTED.x'],
    ['/v1/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl/events', '/v1/REDACTED/events'],
    ['/?t=eyJhbGciOiJkaXIifQ..aXZpdml2aXZpdml2.Y2lwaGVy.dGFn', '/?t=REDACTED.Y2lwaGVy.dGFn'],
    ['/?ticket=tdt_c2lnbmF0dXJlc2lnbmF0dXJl', '/?ticket=REDACTED'],
    ['/?topic=tdt_short&topic=eyJ', '/?topic=tdt_short&topic=eyJ'],
    ['/?&&=&access_token=a', '/?&&=&access_token=REDACTED'],
  ])('section 3: %s is logged as %s', (url, logged) => {
    expect(redactUrl(url)).toBe(logged);
  });

  it('section 3: whatever the query parser takes for an access token is not in the log', () => {
    const letter = fc.constantFrom(...'access_token');
    const spelling = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 12, maxLength: 12 }).map((choices) =>
      [...'access_token']
        .map((character, place) => {
          const [encoded, upper] = choices[place] as [boolean, boolean];
          const hex = character.charCodeAt(0).toString(16);
          return encoded ? `%${upper ? hex.toUpperCase() : hex}` : character;
        })
        .join(''),
    );
    const parameters = anyText().map((text) => encodeURIComponent(text).replaceAll('%3D', '=').replaceAll('%26', '&'));
    const noise = fc.array(fc.oneof(parameters, letter, fc.constantFrom('&', '=', '?', '%', ';')));
    fc.assert(
      fc.property(spelling, noise, noise, (name, before, after) => {
        const url = `/v1/stream?${before.join('')}&${name}=hunter2&${after.join('')}`;
        const logged = redactUrl(url);
        expect(logged).not.toContain('hunter2');
        expect(logged.split('&')).toHaveLength(url.split('&').length);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves every other query as it is', () => {
    const parameter = fc.tuple(anyText(), anyText()).filter(([name]) => !/access_token/i.test(name));
    fc.assert(
      fc.property(fc.array(parameter), (parameters) => {
        const query = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        expect(redactUrl(`/v1/stream?${query}`)).toBe(`/v1/stream?${query}`);
        expect(() => parseQuery(`/v1/stream?${query}`)).not.toThrow();
      }),
    );
  });
});

describe('createLogger', () => {
  function written(level: string, write: (log: ReturnType<typeof createLogger>) => void): string[] {
    const lines: string[] = [];
    write(createLogger('edge', level, { write: (line) => void lines.push(line) }));
    return lines;
  }

  it('section 9: writes one JSON line for each entry, with the service and the time', () => {
    const [line, ...others] = written('info', (log) => log.info({ text: 'a\nb' }, 'hello\r\nworld'));
    expect(others).toEqual([]);
    expect(line?.trimEnd()).not.toMatch(/[\r\n]/);
    expect(JSON.parse(line ?? '')).toMatchObject({
      service: 'edge',
      msg: 'hello\r\nworld',
      text: 'a\nb',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it('writes nothing below its level', () => {
    expect(written('warn', (log) => log.info('hello'))).toEqual([]);
    expect(written('silent', (log) => log.fatal('hello'))).toEqual([]);
  });

  it('section 9: members that are named like secrets are censored, should anybody log them', () => {
    const lines = written('info', (log) =>
      log.info({
        headers: { authorization: 'hunter2', cookie: 'hunter2' },
        query: { access_token: 'hunter2', token: 'hunter2', secret: 'hunter2' },
      }),
    );
    expect(lines.join()).not.toContain('hunter2');
  });
});
