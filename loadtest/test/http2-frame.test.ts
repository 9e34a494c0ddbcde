import { describe, expect, test } from 'vitest';
import { encodeInteger, encodePreface, encodeRequest } from '../src/generator/http2-frame.ts';

describe('the frames of the client', () => {
  test('integers are those of the examples of RFC 7541, appendix C.1', () => {
    expect([...encodeInteger(10, 5)]).toEqual([10]);
    expect([...encodeInteger(1_337, 5)]).toEqual([31, 154, 10]);
    expect([...encodeInteger(42, 8)]).toEqual([42]);
  });

  test('a request is one HEADERS frame that ends the stream', () => {
    const frame = encodeRequest(3, { scheme: 'http', path: '/v1/stream', token: 't', cursor: '' });
    expect(frame.readUIntBE(0, 3)).toBe(frame.length - 9);
    expect([frame[3], frame[4], frame.readUInt32BE(5)]).toEqual([1, 5, 3]);
    expect(frame.includes('/v1/stream')).toBe(true);
    expect(frame.includes('last-event-id')).toBe(false);
    const resuming = encodeRequest(3, { scheme: 'http', path: '/', token: 't', cursor: 'e.1.c' });
    expect(resuming.includes('last-event-id')).toBe(true);
  });

  test('the preface opens with the words of RFC 9113, section 3.4', () => {
    expect(encodePreface().subarray(0, 24).toString()).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  });
});
