import { expect, it } from 'vitest';
import { startEdge } from './fixture.ts';
import { payloadsUntil } from './received.ts';

const BYTES = 20_000;
const EVENTS = 400;

it('section 4: one that replays history and does not read keeps nobody else from it, and gets all when it reads again', async () => {
  // The ring holds an eighth of it, and one read of history is let in at a time.
  const edge = await startEdge({ settings: { ringMaxBytes: 1_000_000, catchUpMaxBytes: 1 } });
  const filler = 'x'.repeat(BYTES);
  for (let place = 0; place < EVENTS; place += 1) await edge.publish('a', `${place} ${filler}`);
  const last = `${EVENTS - 1} ${filler}`;
  const deaf = await Promise.all(Array.from({ length: 4 }, () => edge.stream('topic=a&replay=all')));
  await Promise.all(deaf.map((client) => client.event('hub.hello')));
  for (const client of deaf) client.pause();
  const reader = await edge.stream('topic=a&replay=all');
  expect(await payloadsUntil(reader, last)).toHaveLength(EVENTS);
  for (const client of deaf) client.resume();
  for (const client of deaf) {
    const payloads = await payloadsUntil(client, last);
    expect(payloads.map((text) => Number.parseInt(text, 10))).toEqual(
      Array.from({ length: EVENTS }, (_, place) => place),
    );
  }
}, 60_000);
