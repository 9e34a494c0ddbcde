import { createFakeClock, type StreamClient } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startEdge, type TestEdge } from './fixture.ts';
import { payloads } from './received.ts';

const EVENTS = 2_000;
const FILLER = 'x'.repeat(10_000);
const numberOf = (text: string): number => Number.parseInt(text, 10);
const isErased = (place: number): boolean => place % 2 === 1;

/** Resolves once a stream is written nothing more, with how many events it was written. */
async function writtenUntilStuck(edge: TestEdge, stream: StreamClient): Promise<number> {
  const path = `/v1/sessions/${stream.headers['tidings-session']}`;
  let before = -1;
  for (let same = 0; same < 5; ) {
    const { delivered } = (await (await edge.get(path)).json()) as { delivered: number };
    same = delivered === before && delivered > 0 ? same + 1 : 0;
    before = delivered;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return before;
}

describe('a stream that reads slowly while events are erased', () => {
  it.each([
    ['the ring', 256_000_000],
    ['history', 1_000_000],
  ])(
    'section 7: gets nothing of what was read for it from %s and was not written, and everything else once',
    async (_what, ringMaxBytes) => {
      // Patience does not end: what was read for the stream stays in hand.
      const edge = await startEdge({ settings: { ringMaxBytes }, clock: createFakeClock() });
      for (let place = 0; place < EVENTS; place += 1) {
        await edge.publish(isErased(place) ? 'erased' : 'kept', `${place} ${FILLER}`);
      }
      const stream = await edge.stream('topic=%3E&replay=all');
      stream.pause();
      const written = await writtenUntilStuck(edge, stream);
      expect(written).toBeLessThan(EVENTS);
      await edge.broker.purge({ tenant: 'default', patterns: ['erased'] });
      stream.resume();
      await stream.event('hub.live');
      const got = payloads(stream).map(numberOf);
      const places = Array.from({ length: EVENTS }, (_, place) => place);
      expect(got).toEqual(places.filter((place) => place < written || !isErased(place)));
      expect(stream.text).not.toContain('hub.gap');
    },
  );
});
