import { TidingsError } from '@tidings/protocol';
import { parseQuery } from '@tidings/runtime';
import { describe, expect, it } from 'vitest';
import { fieldsOfQuery, parseWish, type StreamWish } from '../src/stream-wish.ts';

const NOW_MS = Date.UTC(2026, 10, 21);

function parse(fields: unknown, lastEventId?: string): StreamWish {
  return parseWish(fields, lastEventId, NOW_MS, 'parameter');
}

const parseUrl = (query: string, lastEventId?: string): StreamWish =>
  parse(fieldsOfQuery(parseQuery(`/v1/stream?${query}`)), lastEventId);

function faultOf(run: () => unknown): TidingsError {
  try {
    run();
  } catch (error) {
    if (error instanceof TidingsError) return error;
  }
  throw new Error('it was not refused');
}

describe('what a subscriber asks for', () => {
  it('section 4: has a default for every field', () => {
    expect(parse({})).toEqual({
      topics: [],
      cursor: undefined,
      replay: 'none',
      lag: 'resume',
      format: 'data',
      untilFinal: false,
      client: undefined,
    });
  });

  it('section 4: is read from a query with repeated topics, each kept once and in order', () => {
    expect(
      parseUrl('topic=b.*&topic=a&topic=b.*&replay=all&lag=latest&format=envelope&client=sdk/1.2.3-rc%2B4'),
    ).toEqual({
      topics: ['b.*', 'a'],
      cursor: undefined,
      replay: 'all',
      lag: 'latest',
      format: 'envelope',
      untilFinal: false,
      client: 'sdk/1.2.3-rc+4',
    });
  });

  it('section 4: the header wins over last_event_id, and an empty one counts as none', () => {
    expect(parse({ last_event_id: 'b' }, 'a').cursor).toBe('a');
    expect(parse({ last_event_id: 'b' }, '').cursor).toBe('b');
    expect(parse({ last_event_id: 'b' }).cursor).toBe('b');
    expect(parse({ last_event_id: '' }, '').cursor).toBeUndefined();
  });

  it.each([
    ['all', 'all'],
    ['last', 'last'],
    ['none', 'none'],
    ['1', { count: 1 }],
    ['10000', { count: 10_000 }],
    [25, { count: 25 }],
    ['2026-11-20T22:00:00Z', { sinceMs: Date.UTC(2026, 10, 20, 22) }],
    ['2026-11-20t22:00:00.250z', { sinceMs: Date.UTC(2026, 10, 20, 22, 0, 0, 250) }],
    ['2026-11-20 22:00:00-01:30', { sinceMs: Date.UTC(2026, 10, 20, 23, 30) }],
    ['2024-02-29T00:00:00Z', { sinceMs: Date.UTC(2024, 1, 29) }],
    ['2026-11-21T00:00:00Z', { sinceMs: NOW_MS }],
  ])('section 4: replay %j is read as %j', (replay, expected) => {
    expect(parse({ topic: ['a'], replay }).replay).toEqual(expected);
  });

  it.each([
    0,
    -1,
    10_001,
    '0',
    '10001',
    '1.0',
    'All',
    '',
    '2026-11-21T00:00:01Z',
    '2026-11-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-20T22:00Z',
    '2026-11-20T22:60:00Z',
    '20261120T220000Z',
    '2026-11-20T22:00:00+0100',
  ])('section 4: replay %j is refused', (replay) => {
    const { code, details } = faultOf(() => parse({ topic: ['a'], replay }));
    expect(code).toBe('invalid-field');
    expect(details.parameter).toBe('replay');
  });

  it('section 6: until=final implies replay=all, and takes topics by name alone', () => {
    expect(parse({ topic: ['a'], until: 'final' })).toMatchObject({ untilFinal: true, replay: 'all' });
    expect(parse({ topic: ['a'], until: 'final', replay: 'none' }).replay).toBe('none');
    for (const topic of [undefined, ['a.*'], ['a', '>']]) {
      const fields = { until: 'final', ...(topic !== undefined && { topic }) };
      expect(faultOf(() => parse(fields)).details.parameter).toBe('until');
    }
  });

  it('takes access_token in a query without passing it on, and refuses what it does not know', () => {
    expect(fieldsOfQuery(parseQuery('/?topic=a&access_token=secret'))).toEqual({ topic: ['a'] });
    expect(faultOf(() => fieldsOfQuery(parseQuery('/?Topic=a'))).code).toBe('unknown-field');
    expect(faultOf(() => fieldsOfQuery(parseQuery('/?lag=latest&lag=latest'))).details.parameter).toBe('lag');
    expect(faultOf(() => parse({ topics: ['a'] })).code).toBe('unknown-field');
  });

  it.each(['sdk', '/1', 'sdk/', 'a b/1', 'sdk/1/2', `${'x'.repeat(65)}/1`, 'sdk/1\n'])(
    'refuses the client %j',
    (client) => {
      expect(faultOf(() => parse({ client })).details.parameter).toBe('client');
    },
  );
});
