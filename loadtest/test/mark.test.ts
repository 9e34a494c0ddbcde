import { describe, expect, test } from 'vitest';
import { encodePayload, MARK_BYTES, readNumber, readSentUs } from '../src/generator/mark.ts';

describe('the mark of an event', () => {
  test('says when it was sent and as which event, in a payload of the size that was asked for', () => {
    const payload = Buffer.from(encodePayload(200, 123_456_789_012.7, 30_000_042));
    expect(payload).toHaveLength(200);
    expect(readSentUs(payload, 199)).toBe(123_456_789_012);
    expect(readNumber(payload, 199)).toBe(30_000_042);
  });

  test('is whole even where the payload is to be smaller', () => {
    expect(encodePayload(1, 5, 6)).toHaveLength(MARK_BYTES + 1);
  });
});
