import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../src/cursor.ts';
import { encodeEnvelope } from '../src/envelope.ts';
import type { Message } from '../src/message.ts';
import { epoch, eventName, payload, seq, topic } from './arbitraries.ts';

const TIME_MS = Date.UTC(2026, 10, 21, 8, 0, 0, 123);

function messageWith(fields: Partial<Message>): Message {
  return {
    ...{ seq: 12_313, tenant: 'acme', topic: 'orders.42', event: '', data: Buffer.from('x'), json: false },
    ...{ final: false, exclude: '', timeMs: TIME_MS, expiresAtMs: Number.POSITIVE_INFINITY },
    ...fields,
  };
}

function text(fields: Partial<Message>): string {
  return encodeEnvelope(messageWith(fields), '3f').toString();
}

describe('encodeEnvelope', () => {
  it('section 5: is compact JSON of id, topic, event, time and data, in that order', () => {
    expect(text({ event: 'status', data: Buffer.from('{"state":"shipped"}'), json: true })).toBe(
      `{"id":"${encodeCursor('3f', 12_313)}","topic":"orders.42","event":"status","time":"2026-11-21T08:00:00.123Z","data":{"state":"shipped"}}`,
    );
  });

  it('section 5: has no event member for an unnamed event, and no id for one that is not stored', () => {
    expect(Object.keys(JSON.parse(text({})))).toEqual(['id', 'topic', 'time', 'data']);
    expect(Object.keys(JSON.parse(text({ seq: 0, event: 'typing' })))).toEqual(['topic', 'event', 'time', 'data']);
  });

  it('section 5: shows nothing of the tenant, of whom it left out, or of its end', () => {
    const shown = text({ tenant: 'tenant-x', exclude: 'session-x', final: true, expiresAtMs: TIME_MS + 1 });
    expect(Object.keys(JSON.parse(shown))).toEqual(['id', 'topic', 'time', 'data']);
    expect(shown).not.toContain('tenant-x');
    expect(shown).not.toContain('session-x');
  });

  it.each([
    '1.0',
    '12345678901234567890',
    '0.1000',
    '1e400',
    '-0',
    '1E+2',
    '{"a": 1.50 }',
    '[1,\n2]',
    'null',
    '"\\u0041"',
  ])('section 5: carries the JSON value %s byte for byte', (value) => {
    expect(text({ data: Buffer.from(value), json: true }).endsWith(`,"data":${value}}`)).toBe(true);
  });

  it('section 5: quotes a text that looks like JSON when the publisher sent a string', () => {
    for (const value of ['1.0', '{"a":1}', 'null', '"']) {
      expect(JSON.parse(text({ data: Buffer.from(value) })).data).toBe(value);
    }
  });

  it('section 5: says of any message what it is', () => {
    const name = fc.oneof(fc.constant(''), eventName);
    fc.assert(
      fc.property(topic, name, payload, epoch, seq, (of, event, data, log, place) => {
        const message = messageWith({ topic: of, event, data: Buffer.from(data), seq: place });
        expect(JSON.parse(encodeEnvelope(message, log).toString())).toEqual({
          ...(place !== 0 && { id: encodeCursor(log, place) }),
          topic: of,
          ...(event !== '' && { event }),
          time: '2026-11-21T08:00:00.123Z',
          data,
        });
      }),
      { numRuns: 500 },
    );
  });

  it('section 5: embeds any JSON value as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json(), (value) => {
        const parsed = JSON.parse(text({ data: Buffer.from(value), json: true }));
        expect(parsed.data).toEqual(JSON.parse(value));
        expect(Object.keys(parsed)).toEqual(['id', 'topic', 'time', 'data']);
      }),
    );
  });

  it('reads a payload that is a plain Uint8Array as UTF-8', () => {
    expect(JSON.parse(text({ data: new TextEncoder().encode('é😀') })).data).toBe('é😀');
  });
});
