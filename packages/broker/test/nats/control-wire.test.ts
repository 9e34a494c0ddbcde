import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseControlMessage } from '../../src/nats/control-wire.ts';

const parse = (value: unknown, headers = '') => parseControlMessage(headers, Buffer.from(JSON.stringify(value) ?? ''));

describe('what comes under a control subject', () => {
  it('is believed only when it names its sender and has no headers, which every answer to a read has', () => {
    expect(parse({ from: 'abc01234', body: 1 })).toEqual({ from: 'abc01234', body: 1 });
    expect(parse({ from: 'abc01234' }, 'NATS/1.0\r\nNats-Stream: KV_tidings\r\n\r\n')).toBeUndefined();
    for (const other of [null, 1, 'abc01234', [], {}, { from: 1 }, { from: 'abc0123' }, { from: 'ABC01234' }])
      expect(parse(other)).toBeUndefined();
  });

  it('throws for no bytes at all', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => parseControlMessage('', bytes) === undefined));
    fc.assert(
      fc.property(fc.json(), (text) => {
        const said = parseControlMessage('', Buffer.from(text));
        return said === undefined || typeof said.from === 'string';
      }),
    );
  });
});
