import { describe, expect, test } from 'vitest';
import { nowUs } from '../src/generator/clock.ts';
import { StreamGroup } from '../src/generator/group.ts';
import { encodePayload } from '../src/generator/mark.ts';
import { scan } from '../src/generator/scan.ts';

const listener = { received() {} };
const block = (number: number): string => `id: e.${number}.c\ndata: ${encodePayload(60, nowUs(), number)}\n\n`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const groupOf = (keepsCursors = true) => new StreamGroup({ name: 'all', opening: 'hub.live', keepsCursors });
const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('scanning a stream', () => {
  test('finds every event wherever the bytes are cut', () => {
    const text =
      HEAD + chunk('event: hub.live\ndata: {}\n\n') + [0, 1, 2].map((number) => chunk(block(number))).join('');
    for (let cut = 1; cut < text.length; cut += 1) {
      const group = groupOf();
      const stream = group.add();
      for (const part of [text.slice(0, cut), text.slice(cut)]) {
        const bytes = Buffer.from(part);
        scan(stream, bytes, 0, bytes.length, listener);
      }
      expect(group.tally(), `cut at ${cut}`).toMatchObject({ opened: 1, received: 3, lost: 0, repeated: 0 });
      expect(stream.cursor).toBe('e.2.c');
    }
  });

  test('does not look beyond the end, where the buffer holds what came before', () => {
    const group = groupOf(false);
    const bytes = Buffer.from(chunk(block(0)) + chunk(block(1)));
    scan(group.add(), bytes, 0, bytes.length / 2, listener);
    expect(group.received).toBe(1);
  });

  test('counts numbers that are jumped over and ones that come again, each channel on its own', () => {
    const group = groupOf(false);
    const stream = group.add();
    for (const number of [5, 6, 9, 9, 10_000_000, 10_000_001]) group.count(stream, number);
    expect(group.tally()).toMatchObject({ received: 6, lost: 2, repeated: 1 });
  });

  test('tells of an answer that is none of a stream', () => {
    const group = groupOf(false);
    let fault = '';
    group.onFault = (why) => {
      fault = why;
    };
    const bytes = Buffer.from('HTTP/1.1 401 Unauthorized\r\n\r\n');
    scan(group.add(), bytes, 0, bytes.length, listener);
    expect(fault).toContain('401');
  });
});
