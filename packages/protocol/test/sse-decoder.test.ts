import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/any-text.ts';
import { createSseDecoder } from '../src/sse-decoder.ts';
import { cut, cutEverywhere, cuts } from './arbitraries.ts';
import { decodeWithOurs, decodeWithThirdParty } from './decode.ts';

function read(stream: string) {
  return decodeWithOurs([Buffer.from(stream)]);
}

function data(stream: string): string[] {
  return read(stream).events.map((event) => event.data);
}

// Pieces from which a stream of garbage is made: almost fields, almost line ends, almost UTF-8.
const scrap = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r') },
  { weight: 6, arbitrary: fc.constantFrom('data', 'event', 'id', 'retry', ':', ': ', ':  ', ' ', 'data:', 'data: ') },
  { weight: 3, arbitrary: fc.constantFrom('event: a', 'id: 1', 'id', 'id:\0', 'retry: 10', 'retry: 1x', 'retry:-1') },
  { weight: 3, arbitrary: fc.constantFrom('Data: x', ' data: x', 'data : x', 'foo: x', 'x', '\0', '\ufeff', '😀') },
  { weight: 1, arbitrary: fc.constantFrom('\u0085', '\u2028', '\v', '\f', '\u00ef\u00bb\u00bf', 'retry: ٣') },
  { weight: 1, arbitrary: anyText({ maxLength: 6 }) },
);
const garbage = fc.oneof(
  fc.array(scrap, { maxLength: 40 }).map((scraps) => Buffer.from(scraps.join(''))),
  // Bytes that are no UTF-8 at all, with enough line ends among them to make events.
  fc
    .array(
      fc.oneof(
        fc.constantFrom('data:', '\n', '\n\n', '\r').map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
      ),
      { maxLength: 30 },
    )
    .map((scraps) => Buffer.concat(scraps)),
);

describe('createSseDecoder, by WHATWG HTML section 9.2.6', () => {
  // The examples of WHATWG HTML sections 9.2.6 and 9.2.7.
  it('joins the data lines of one event with LF', () => {
    expect(data('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual(['YHOO\n+2\n10']);
  });

  it('keeps the id in force until another comes, and takes an empty one as none', () => {
    expect(read(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n')).toEqual({
      events: [
        { event: 'message', data: 'first event', lastEventId: '1' },
        { event: 'message', data: 'second event', lastEventId: '' },
      ],
      retries: [],
      comments: ['test stream'],
    });
  });

  it('dispatches an empty data field, and joins two of them to one LF', () => {
    expect(data('data\n\ndata\ndata\n\ndata:')).toEqual(['', '\n']);
  });

  it('eats one space after the colon and no more', () => {
    expect(data('data:test\n\ndata: test\n\ndata:  test\n\ndata:\ttest\n\n')).toEqual([
      'test',
      'test',
      ' test',
      '\ttest',
    ]);
  });

  it('ends a line at LF, CR and CRLF alike, and at nothing else', () => {
    expect(data('data: a\n\ndata: b\r\rdata: c\r\n\r\ndata: d\r\n\ndata: e\n\r')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(data('data: a\u0085b\u2028c\u2029d\ve\ff\n\n')).toEqual(['a\u0085b\u2028c\u2029d\ve\ff']);
  });

  it('counts a CRLF that was cut in two as one line end', () => {
    const stream = Buffer.from('data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n');
    expect(decodeWithOurs(cutEverywhere(stream)).events.map((event) => event.data)).toEqual(['a\nb', 'c']);
  });

  it('dispatches at a CR without waiting for the byte that follows', () => {
    expect(data('data: now\r\r')).toEqual(['now']);
  });

  it('puts a UTF-8 sequence together that was cut in two', () => {
    const stream = Buffer.from('event: 😀\ndata: é日\n\n');
    expect(decodeWithOurs(cutEverywhere(stream)).events).toEqual([{ event: '😀', data: 'é日', lastEventId: '' }]);
  });

  it('strips one byte order mark at the very start, and no other', () => {
    expect(data('\ufeffdata: a\n\n')).toEqual(['a']);
    expect(decodeWithOurs(cutEverywhere(Buffer.from('\ufeffdata: a\n\n'))).events).toHaveLength(1);
    expect(data('\ufeff\ufeffdata: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n')).toEqual(['\ufeffc']);
  });

  it('reads bytes that are no UTF-8 as U+FFFD', () => {
    const stream = Buffer.concat([Buffer.from('data: '), Buffer.from([0xff, 0xc3]), Buffer.from('\n\n')]);
    expect(decodeWithOurs([stream]).events[0]?.data).toBe('\ufffd\ufffd');
  });

  it('throws away an event that the end of the stream cut off', () => {
    expect(data('data: a\n')).toEqual([]);
    expect(data('data: a')).toEqual([]);
  });

  it('forgets the name of an event without data', () => {
    expect(read('event: lost\n\ndata: x\n\n').events).toEqual([{ event: 'message', data: 'x', lastEventId: '' }]);
  });

  it('takes the last name of several, and an empty one as none', () => {
    expect(read('event: a\nevent: b\ndata\n\n').events[0]?.event).toBe('b');
    expect(read('event: a\nevent:\ndata\n\n').events[0]?.event).toBe('message');
  });

  it('ignores an id with NUL and keeps the one before', () => {
    expect(read('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n').events.map((event) => event.lastEventId)).toEqual(['1', '1']);
  });

  it('takes a retry of ASCII digits only', () => {
    expect(
      read('retry: 10\nretry:20\nretry\nretry: 1.5\nretry: -1\nretry: 1e3\nretry:  5\nretry: ٣\n').retries,
    ).toEqual([10, 20]);
  });

  it('knows fields by their exact name', () => {
    expect(data('Data: a\nDATA: b\n data: c\ndata : d\ndatas: e\nfoo: f\n\n')).toEqual([]);
  });

  it('reports comments without their colon', () => {
    const comments: string[] = [];
    const decoder = createSseDecoder({ event: () => {}, comment: (text) => comments.push(text) });
    decoder.feed(Buffer.from(': ok\n:\n:a:b\n'));
    expect(comments).toEqual([' ok', '', 'a:b']);
  });

  it('needs no listener for what it may leave unsaid', () => {
    const decoder = createSseDecoder({ event: () => {} });
    expect(() => decoder.feed(Buffer.from(': ok\nretry: 1\n\n'))).not.toThrow();
  });

  it('moves lastEventId at the blank line of an id-only block, and not before', () => {
    const decoder = createSseDecoder({ event: () => {} });
    expect(decoder.lastEventId).toBe('');
    decoder.feed(Buffer.from('id: 3f.9k1.q0z7\n'));
    expect(decoder.lastEventId).toBe('');
    decoder.feed(Buffer.from('\n'));
    expect(decoder.lastEventId).toBe('3f.9k1.q0z7');
  });
});

describe('createSseDecoder, beside eventsource-parser', () => {
  it('agrees on the events, retries and comments of any garbage, however it is cut', () => {
    fc.assert(
      fc.property(garbage, cuts, (stream, places) => {
        // Ended by LF LF, so that the other one lets go of a CR that it holds back (see below).
        const pieces = cut(Buffer.concat([stream, Buffer.from('\n\n')]), places);
        const ours = decodeWithOurs(pieces);
        const theirs = decodeWithThirdParty(pieces);
        const withoutId = ({ event, data: text }: { event: string; data: string }) => ({ event, data: text });
        expect(ours.events.map(withoutId)).toEqual(theirs.events.map(withoutId));
        expect(ours.retries).toEqual(theirs.retries);
        expect(ours.comments).toEqual(theirs.comments);
      }),
      { numRuns: 5_000 },
    );
  });

  it('says the same however garbage is cut', () => {
    fc.assert(
      fc.property(garbage, cuts, (stream, places) => {
        expect(decodeWithOurs(cut(stream, places))).toEqual(decodeWithOurs([stream]));
        expect(decodeWithOurs(cutEverywhere(stream))).toEqual(decodeWithOurs([stream]));
      }),
      { numRuns: 2_000 },
    );
  });

  // The three places where the two differ. By the standard, ours is right in each.
  it('differs by an id-only block: it moves the last event id, which eventsource-parser does not report', () => {
    const stream = [Buffer.from('id: 2\n\ndata: x\n\n')];
    expect(decodeWithOurs(stream).events[0]?.lastEventId).toBe('2');
    expect(decodeWithThirdParty(stream).events[0]?.lastEventId).toBe('');
  });

  it('differs by a CR at the end of a piece: the line has ended, yet eventsource-parser waits for the next piece', () => {
    const stream = [Buffer.from('data: x\r\r')];
    expect(decodeWithOurs(stream).events).toHaveLength(1);
    expect(decodeWithThirdParty(stream).events).toHaveLength(0);
  });

  it('differs by a stream whose text begins with ï»¿: that is no byte order mark, yet eventsource-parser strips it', () => {
    const stream = 'ï»¿data: x\n\n';
    expect(data(stream)).toEqual([]);
    const theirs: string[] = [];
    createParser({ onEvent: (event) => theirs.push(event.data) }).feed(stream);
    expect(theirs).toEqual(['x']);
  });
});
