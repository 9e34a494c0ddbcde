import { describe, expect, it } from 'vitest';
import {
  encodeBye,
  encodeCursorBlock,
  encodeExpiring,
  encodeGap,
  encodeHeartbeat,
  encodeHello,
  encodeLive,
  encodeOpening,
  encodeTopics,
} from '../src/control-event.ts';
import { GOODBYES } from '../src/goodbye.ts';
import { createSseDecoder } from '../src/sse-decoder.ts';
import { encodeEvent, type Frame } from '../src/sse-encoder.ts';
import { decodeWithOurs } from './decode.ts';

function text({ block, chunk }: Frame): string {
  expect(chunk.toString()).toBe(`${block.length.toString(16)}\r\n${block}\r\n`);
  return block.toString();
}

describe("the hub's own blocks", () => {
  it('section 4: a stream opens with `: ok` and the reconnect delay', () => {
    expect(text(encodeOpening(1_234))).toBe(': ok\nretry: 1234\n\n');
  });

  it('section 4: hub.hello carries the cursor, the session, its topics and whether it resumed', () => {
    expect(text(encodeHello('3f.9k1.q0z7', { session: '01J', topics: ['orders.42'], resumed: true }))).toBe(
      'event: hub.hello\nid: 3f.9k1.q0z7\ndata: {"session":"01J","topics":["orders.42"],"resumed":true}\n\n',
    );
  });

  it('section 4: hub.live is an empty object without an id', () => {
    expect(text(encodeLive())).toBe('event: hub.live\ndata: {}\n\n');
  });

  it.each(['expired', 'reset', 'forbidden'] as const)(
    'section 4: hub.gap says %s, from where, and resumes at its end',
    (reason) => {
      expect(text(encodeGap('3f.1.aaaa', '3f.9.bbbb', reason))).toBe(
        `event: hub.gap\nid: 3f.9.bbbb\ndata: {"from":"3f.1.aaaa","to":"3f.9.bbbb","reason":"${reason}"}\n\n`,
      );
    },
  );

  it('section 4: hub.topics names the topics in force, and carries no id', () => {
    expect(text(encodeTopics(['a', 'b.*']))).toBe('event: hub.topics\ndata: {"topics":["a","b.*"]}\n\n');
  });

  it('section 4: hub.expiring counts seconds', () => {
    expect(text(encodeExpiring(30))).toBe('event: hub.expiring\ndata: {"in":30}\n\n');
  });

  it.each(GOODBYES)(
    'section 4: hub.bye %s comes with the retry field of the same delay, and without an id',
    (reason) => {
      const frame = encodeBye(reason, 7_500);
      expect(decodeWithOurs([frame.block])).toEqual({
        events: [{ event: 'hub.bye', data: `{"reason":"${reason}","retry":7500}`, lastEventId: '' }],
        retries: [7_500],
        comments: [],
      });
      expect(text(frame).endsWith('\n\n')).toBe(true);
    },
  );

  it('section 4: an id-only block moves the cursor and dispatches nothing', () => {
    let events = 0;
    const decoder = createSseDecoder({ event: () => (events += 1) });
    expect(text(encodeCursorBlock('3f.9k1.q0z7'))).toBe('id: 3f.9k1.q0z7\n\n');
    decoder.feed(encodeCursorBlock('3f.9k1.q0z7').block);
    expect([decoder.lastEventId, events]).toEqual(['3f.9k1.q0z7', 0]);
  });

  it('section 4: the heartbeat is a bare comment', () => {
    expect(text(encodeHeartbeat())).toBe(':\n\n');
  });

  it('section 4: none of them disturbs the events around it', () => {
    const event = (data: string): Frame => encodeEvent('', '', Buffer.from(data));
    const blocks = [
      event('a'),
      encodeHeartbeat(),
      event('b'),
      encodeCursorBlock('3f.1.aaaa'),
      event('c'),
      encodeLive(),
    ];
    const { events } = decodeWithOurs(blocks.map(({ block }) => block));
    expect(events.map(({ event: name, data }) => [name, data])).toEqual([
      ['message', 'a'],
      ['message', 'b'],
      ['message', 'c'],
      ['hub.live', '{}'],
    ]);
  });
});

describe('GOODBYES', () => {
  it('section 4: names every reason of hub.bye, once', () => {
    expect([...GOODBYES].sort()).toEqual(
      [
        ...['token-expired', 'revoked', 'kicked', 'draining', 'slow', 'final', 'max-age'],
        ...['capacity', 'rate-limited', 'unavailable'],
      ].sort(),
    );
  });
});
