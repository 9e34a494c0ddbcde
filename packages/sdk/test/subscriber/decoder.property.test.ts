import {
  createSseDecoder,
  type DecodedEvent,
  encodeBye,
  encodeCursorBlock,
  encodeEvent,
  encodeHeartbeat,
  encodeOpening,
} from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDecoder, type DecodedBlock } from '../../src/subscriber/decoder.ts';

const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n\0]/.test(text));
const name = line.filter((text) => text !== '' && !text.startsWith(' '));
const id = fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z0-9]{1,8}\.[a-z0-9]{4}$/);
const block = fc.oneof(
  fc
    .record({
      name: fc.option(name, { nil: '' }),
      id: fc.option(id, { nil: '' }),
      data: fc.string({ unit: 'grapheme' }),
    })
    .map(({ name, id, data }) => encodeEvent(name, id, Buffer.from(data))),
  id.map(encodeCursorBlock),
  fc.constant(encodeHeartbeat()),
  fc.nat().map(encodeOpening),
  fc.nat().map((ms) => encodeBye('draining', ms)),
);

/** Cuts bytes into pieces. */
const pieces = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((place, at) => bytes.subarray(places[at], place));
};

describe('the decoder', () => {
  test('reads whatever a hub writes as the standard has it, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(block), fc.array(fc.nat()), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map((frame) => frame.block));
        const expected: DecodedEvent[] = [];
        const standard = createSseDecoder({ event: (event) => expected.push(event) });
        standard.feed(bytes);

        const got: DecodedEvent[] = [];
        let lastEventId = '';
        const decode = createDecoder(({ event, id, data }) => {
          lastEventId = id ?? lastEventId;
          if (data !== undefined) got.push({ event: event ?? 'message', data, lastEventId });
        });
        const utf8 = new TextDecoder();
        for (const piece of pieces(bytes, cuts)) decode(utf8.decode(piece, { stream: true }));
        expect(got).toEqual(expected);
        expect(lastEventId).toBe(standard.lastEventId);
      }),
    );
  });

  test('tells of an id alone, and of how long to wait', () => {
    const blocks: DecodedBlock[] = [];
    const decode = createDecoder((block) => blocks.push(block));
    decode(': ok\nretry: 2000\n\nid: a.1.abcd\n\n');
    expect(blocks).toMatchObject([{ retry: '2000' }, { id: 'a.1.abcd' }]);
  });

  test('says how much of a block it holds', () => {
    const decode = createDecoder(() => {});
    expect(decode('data: abc\n\ndata: de')).toBe(8);
    expect(decode('f')).toBe(9);
    expect(decode('\n\n')).toBe(0);
  });
});
