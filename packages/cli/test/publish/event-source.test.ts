import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OutgoingEvent, readEvents } from '../../src/publish/event-source.ts';
import { readLines } from '../../src/publish/lines.ts';
import { createProgressBar, toProgressText } from '../../src/publish/progress.ts';
import type { PublishWish } from '../../src/publish/wish.ts';

const WISH: PublishWish = {
  mode: 'lines',
  data: '-',
  fields: { topic: 't' },
  id: undefined,
  isJson: false,
  isFinal: false,
};

async function* inPieces(...pieces: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}

async function eventsOf(wish: Partial<PublishWish>, ...pieces: string[]): Promise<OutgoingEvent[]> {
  const events: OutgoingEvent[] = [];
  for await (const batch of readEvents({ ...WISH, ...wish }, inPieces(...pieces), () => {})) {
    events.push(...batch.map(({ event }) => event));
  }
  return events;
}

describe('lines of a stream', () => {
  test('are the same wherever it is cut', async () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !/[\r\n]/.test(text) && !text.startsWith('\ufeff'));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.boolean(), fc.integer({ min: 1, max: 7 }), async (lines, crlf, size) => {
        const bytes = Buffer.from(lines.map((text) => text + (crlf ? '\r\n' : '\n')).join(''));
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, place) =>
          bytes.subarray(place * size, (place + 1) * size),
        );
        const read: string[] = [];
        for await (const batch of readLines(inPieces(...pieces))) read.push(...batch);
        expect(read).toEqual(lines);
      }),
    );
  });

  test('what is not UTF-8 is refused, also when it is cut off', async () => {
    for (const bytes of [Buffer.from([0x61, 0xff, 0x0a]), Buffer.from([0xe2, 0x82])]) {
      const lines = readLines(inPieces(bytes));
      await expect(lines.next()).rejects.toThrow(/Base64/);
    }
  });
});

describe('the events of standard input', () => {
  test('are its lines, empty ones too, each with the fields of all', async () => {
    const fields = { topic: 't', event: 'e', ttl: 60 };
    expect(await eventsOf({ fields }, 'a\n\nb', '\nc')).toEqual(
      ['a', '', 'b', 'c'].map((data) => ({ ...fields, data })),
    );
  });

  test('a key is one for each line, and the last of them is final', async () => {
    expect(await eventsOf({ id: 'k', isFinal: true }, 'a\n', 'b\n')).toEqual([
      { topic: 't', data: 'a', id: 'k-1' },
      { topic: 't', data: 'b', id: 'k-2', final: true },
    ]);
    await expect(eventsOf({ isFinal: true })).rejects.toThrow(/nothing on standard input/);
  });

  test('raw input is one payload, exactly', async () => {
    expect(await eventsOf({ mode: 'raw', id: 'k' }, 'a\r\n', 'b\n')).toEqual([
      { topic: 't', data: 'a\r\nb\n', id: 'k' },
    ]);
  });

  test('lines of JSON are values, or whole events', async () => {
    expect(await eventsOf({ isJson: true }, '{"a":1}\n"x"')).toEqual([
      { topic: 't', data: { a: 1 } },
      { topic: 't', data: 'x' },
    ]);
    const mode = 'ndjson';
    expect(await eventsOf({ mode, fields: {} }, '{"topic":"a","data":1}\n\n{"user":"b","data":"c"}\n')).toEqual([
      { topic: 'a', data: 1 },
      { user: 'b', data: 'c' },
    ]);
    for (const line of ['[]', '1', 'null', '{"topic":"a"}', '{"topics":"a","data":1}']) {
      await expect(eventsOf({ mode }, `{"topic":"a","data":1}\n${line}\n`)).rejects.toThrow('Line 2 is no event');
    }
    await expect(eventsOf({ mode }, '\n{"secret')).rejects.toThrow(/^Line 2 is no JSON\.$/);
  });
});

describe('progress', () => {
  const half = { events: 2_100, bytes: 50, totalBytes: 100, elapsedMs: 2_000 };

  test('is a bar where the whole is known', () => {
    expect(toProgressText(half)).toBe(`[${'#'.repeat(15)}${'-'.repeat(15)}] 50 %  2,100 events  1,050/s`);
    expect(toProgressText({ ...half, totalBytes: undefined })).toBe('2,100 events  1,050/s');
  });

  test('is written at most ten times a second, within a line, and taken away', () => {
    let written = '';
    const stderr = { columns: 20, write: (text: string) => (written += text) };
    const bar = createProgressBar({ stderr, isShown: true });
    bar.show(half);
    bar.show({ ...half, elapsedMs: 2_050 });
    bar.clear();
    bar.clear();
    expect(written).toBe(`\r[${'#'.repeat(15)}---\x1b[K\r\x1b[K`);
  });
});
