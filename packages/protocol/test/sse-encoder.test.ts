import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeEvent, encodeText, type Frame } from '../src/sse-encoder.ts';
import { eventName, HOSTILE_PAYLOADS, payload } from './arbitraries.ts';
import { decodeWithOurs } from './decode.ts';

// RFC 9112 section 7.1, read strictly: one chunk, no extension, nothing before or after.
function dechunk(chunk: Buffer): Buffer {
  const head = /^([0-9a-f]+)\r\n/.exec(chunk.toString('latin1'));
  if (head === null) throw new Error('There is no chunk size.');
  const size = Number.parseInt(head[1] ?? '', 16);
  const body = chunk.subarray(head[0].length, head[0].length + size);
  expect(chunk.length).toBe(head[0].length + size + 2);
  expect(chunk.subarray(-2).toString('latin1')).toBe('\r\n');
  return body;
}

function text(frame: Frame): string {
  return frame.block.toString();
}

describe('encodeEvent', () => {
  it('section 4: writes event, id and data, each on its line, in that order', () => {
    const frame = encodeEvent('status', '3f.9k2.x7a1', Buffer.from('{"state":"shipped"}'));
    expect(text(frame)).toBe('event: status\nid: 3f.9k2.x7a1\ndata: {"state":"shipped"}\n\n');
  });

  it('section 4: leaves the event line out for an unnamed event, and the id line for one without a place', () => {
    expect(text(encodeEvent('', '3f.9k2.x7a1', Buffer.from('x')))).toBe('id: 3f.9k2.x7a1\ndata: x\n\n');
    expect(text(encodeEvent('status', '', Buffer.from('x')))).toBe('event: status\ndata: x\n\n');
    expect(text(encodeEvent('', '', Buffer.from('')))).toBe('data: \n\n');
  });

  it('section 4: writes one data line for each line of the payload, whichever way its lines end', () => {
    expect(text(encodeEvent('', '', Buffer.from('a\nb\rc\r\nd')))).toBe('data: a\ndata: b\ndata: c\ndata: d\n\n');
    expect(text(encodeEvent('', '', Buffer.from('\r\n')))).toBe('data: \ndata: \n\n');
    expect(text(encodeEvent('', '', Buffer.from('\n\r')))).toBe('data: \ndata: \ndata: \n\n');
    expect(text(encodeEvent('', '', Buffer.from('\r\r\n\n')))).toBe('data: \ndata: \ndata: \ndata: \n\n');
  });

  it('section 4: never writes a CR, and no line that is not one of its own fields', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(''), eventName), payload, (name, data) => {
        const block = text(encodeEvent(name, 'e.1.abcd', Buffer.from(data)));
        expect(block).not.toContain('\r');
        const lines = block.split('\n');
        // The blank line that dispatches the event, and nothing after it.
        expect(lines.splice(-2)).toEqual(['', '']);
        if (name !== '') expect(lines.shift()).toBe(`event: ${name}`);
        expect(lines.shift()).toBe('id: e.1.abcd');
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) expect(line.startsWith('data: ')).toBe(true);
        expect(lines).toHaveLength(data.split(/\r\n|\r|\n/).length);
      }),
    );
  });

  it('counts names in bytes, not in characters', () => {
    expect(text(encodeEvent('😀é', '', Buffer.from('日')))).toBe('event: 😀é\ndata: 日\n\n');
    expect(text(encodeEvent('😀é', '', Buffer.from('日\n本')))).toBe('event: 😀é\ndata: 日\ndata: 本\n\n');
  });

  it('leaves the payload as it was, since every connection shares it', () => {
    const data = Buffer.from('a\r\nb');
    encodeEvent('status', '', data);
    expect(data.toString()).toBe('a\r\nb');
  });

  it('takes a payload that is a plain Uint8Array, or a view into larger memory', () => {
    const memory = new TextEncoder().encode('xx\r\npayload\r\nxx');
    expect(text(encodeEvent('', '', memory.subarray(4, 11)))).toBe('data: payload\n\n');
    expect(text(encodeEvent('', '', memory.subarray(3, 12)))).toBe('data: \ndata: payload\ndata: \n\n');
  });
});

describe('Frame', () => {
  it('holds the same block twice: bare, and as exactly one HTTP/1.1 chunk', () => {
    fc.assert(
      fc.property(fc.oneof(fc.constant(''), eventName), payload, (name, data) => {
        const { block, chunk } = encodeEvent(name, 'e.1.abcd', Buffer.from(data));
        expect(
          chunk.equals(Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])),
        ).toBe(true);
        const body = dechunk(chunk);
        expect(body.equals(block)).toBe(true);
        expect(decodeWithOurs([body]).events).toEqual(decodeWithOurs([block]).events);
      }),
    );
  });

  it.each([1, 9, 15, 16, 255, 256, 4_095, 4_096, 65_536])('frames a block of %i bytes', (bytes) => {
    const { block, chunk } = encodeText('x'.repeat(bytes));
    expect(block).toHaveLength(bytes);
    expect(dechunk(chunk).equals(block)).toBe(true);
  });

  it('keeps block and chunk in one piece of memory, since a frame waits in many outboxes', () => {
    const { block, chunk } = encodeEvent('', '', Buffer.from('x'));
    expect(block.buffer).toBe(chunk.buffer);
    expect(block.byteOffset - chunk.byteOffset).toBe('9\r\n'.length);
  });

  it('is never written over by a frame that comes later', () => {
    const frames = HOSTILE_PAYLOADS.map((each) => encodeEvent('', '', Buffer.from(each)));
    const before = frames.map(({ chunk }) => Buffer.from(chunk));
    for (let round = 0; round < 100; round += 1) encodeEvent('other', 'e.1.abcd', Buffer.alloc(200, 0x2a));
    for (const [at, { chunk }] of frames.entries()) expect(before[at]?.equals(chunk)).toBe(true);
  });
});

describe('encodeText', () => {
  it('counts bytes, not characters', () => {
    const { block, chunk } = encodeText(': 😀é\n\n');
    expect(block.toString()).toBe(': 😀é\n\n');
    expect(dechunk(chunk).equals(block)).toBe(true);
  });
});
