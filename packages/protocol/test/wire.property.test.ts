import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeGap, encodeHello, encodeOpening } from '../src/control-event.ts';
import { encodeCursor } from '../src/cursor.ts';
import { encodeEnvelope } from '../src/envelope.ts';
import { encodeEvent } from '../src/sse-encoder.ts';
import {
  cut,
  cutEverywhere,
  cuts,
  epoch,
  eventName,
  HOSTILE_PAYLOADS,
  inTitle,
  payload,
  seq,
  topic,
  topicLike,
} from './arbitraries.ts';
import { DECODERS } from './decode.ts';

interface Sent {
  readonly name: string;
  readonly id: string;
  readonly text: string;
}

const sent: fc.Arbitrary<Sent> = fc.record({
  name: fc.oneof(fc.constant(''), eventName),
  id: fc.oneof(
    fc.constant(''),
    fc.tuple(epoch, seq).map(([log, place]) => encodeCursor(log, place)),
  ),
  text: payload,
});

// WHATWG HTML section 9.2.6: CR, LF and CRLF end a line, and the lines of the data are joined by LF.
function asReceived(text: string): string {
  return text.replace(/\r\n|\r/g, '\n');
}

function toStream(events: readonly Sent[]): Buffer {
  return Buffer.concat(events.map(({ name, id, text }) => encodeEvent(name, id, Buffer.from(text)).block));
}

function toReceived(events: readonly Sent[]): object[] {
  let lastEventId = '';
  return events.map(({ name, id, text }) => {
    lastEventId = id === '' ? lastEventId : id;
    return { event: name === '' ? 'message' : name, data: asReceived(text), lastEventId };
  });
}

describe.each(DECODERS)('read by %s', (_, decode) => {
  it('section 4: any events arrive as they were sent, once each and in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 8 }), cuts, (events, places) => {
        const reading = decode(cut(toStream(events), places));
        expect(reading).toEqual({ events: toReceived(events), retries: [], comments: [] });
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(HOSTILE_PAYLOADS.map((text) => [inTitle(text), text] as const))(
    'section 4: the payload %s arrives as the same text, as one event, even byte by byte',
    (_title, text) => {
      const events = [
        { name: '', id: '', text: 'before' },
        { name: 'status', id: '3f.9k2.x7a1', text },
        { name: '', id: '', text: 'after' },
      ];
      const stream = toStream(events);
      const expected = { events: toReceived(events), retries: [], comments: [] };
      expect(decode([stream])).toEqual(expected);
      expect(decode(cutEverywhere(stream))).toEqual(expected);
    },
  );

  it('section 4: 256 KiB of line feeds arrive as one event', () => {
    const text = '\n'.repeat(262_144);
    const { events } = decode([encodeEvent('', '', Buffer.from(text)).block]);
    expect(events).toHaveLength(1);
    expect(events[0]?.data === text).toBe(true);
  });

  it('section 5: a payload of an envelope survives the stream whatever it holds, exact to the line break', () => {
    fc.assert(
      fc.property(payload, topic, fc.oneof(fc.constant(''), eventName), cuts, (text, where, name, places) => {
        const message = {
          ...{ seq: 7, tenant: 'default', topic: where, event: name, data: Buffer.from(text), json: false },
          ...{ final: false, exclude: '', timeMs: 0, expiresAtMs: Number.POSITIVE_INFINITY },
        };
        const { events } = decode(cut(encodeEvent(name, '', encodeEnvelope(message, 'e')).block, places));
        expect(events).toHaveLength(1);
        expect(JSON.parse(events[0]?.data ?? '')).toMatchObject({ topic: where, data: text });
      }),
    );
  });

  it('section 4: no topic can add a field, a line or an event to the hello that names it', () => {
    // Any text at all, illegal topics included: the JSON around them must hold by itself.
    const anyTopics = fc.array(fc.oneof(topicLike, payload), { maxLength: 4 });
    fc.assert(
      fc.property(anyTopics, cuts, (topics, places) => {
        const hello = { session: '01J', topics, resumed: false };
        const stream = Buffer.concat([encodeOpening(1_500).block, encodeHello('e.1.abcd', hello).block]);
        const { events, retries, comments } = decode(cut(stream, places));
        expect(events).toHaveLength(1);
        expect(events[0]).toMatchObject({ event: 'hub.hello', lastEventId: 'e.1.abcd' });
        expect(JSON.parse(events[0]?.data ?? '')).toEqual(hello);
        expect([retries, comments]).toEqual([[1_500], ['ok']]);
      }),
    );
  });

  it('section 4: a hostile Last-Event-ID that hub.gap repeats can not add a field', () => {
    fc.assert(
      fc.property(payload, (from) => {
        const { events, retries } = decode([encodeGap(from, 'e.1.abcd', 'reset').block]);
        expect(events).toHaveLength(1);
        expect(JSON.parse(events[0]?.data ?? '')).toEqual({ from, to: 'e.1.abcd', reason: 'reset' });
        expect(retries).toEqual([]);
      }),
    );
  });
});
