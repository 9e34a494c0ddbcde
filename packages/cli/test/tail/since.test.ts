import { describe, expect, test } from 'vitest';
import { toJsonLine, toPrettyLine } from '../../src/tail/event-line.ts';
import { parseSince } from '../../src/tail/since.ts';
import { paintFor } from '../../src/terminal-text.ts';

const NOW = Date.parse('2026-11-21T08:00:00.000Z');

describe('--since', () => {
  test.each([
    ['all', 'all'],
    ['last', 'last'],
    ['1', 1],
    ['10000', 10_000],
    ['10m', '2026-11-21T07:50:00.000Z'],
    ['2026-11-21T08:00:00Z', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T08:00:00.5+01:00', '2026-11-21T07:00:00.500Z'],
  ])('%s', (text, replay) => {
    expect(parseSince(text, NOW)).toBe(replay);
  });

  test.each(['0', '10001', 'none', 'yesterday', '2026-11-21', '2026-13-21T08:00:00Z', '-1', '999999999w'])(
    '%s is refused',
    (text) => {
      expect(() => parseSince(text, NOW)).toThrow(/--since/);
    },
  );
});

describe('an event on a line', () => {
  const plain = paintFor({ write() {} }, {});
  const time = '2026-11-21T08:00:00.123Z';

  test('as JSON is its envelope, without what it has not', () => {
    const event = { data: { a: 1 }, time, topic: 'orders.42', id: undefined, event: undefined };
    expect(toJsonLine(event)).toBe(`{"topic":"orders.42","time":"${time}","data":{"a":1}}`);
  });

  test('to be read has time, topic, name and data, and lines of a text stay together', () => {
    const event = { id: 'x', topic: 'orders.42', event: 'status', time, data: { state: 'shipped' } };
    expect(toPrettyLine(event, plain)).toBe(`${time}  orders.42  status  {"state":"shipped"}`);
    const text = { ...event, event: undefined, data: 'one\ntwo\x1b[2J' };
    expect(toPrettyLine(text, plain)).toBe(`${time}  orders.42  -  one\n    two\\x1b[2J`);
  });
});
