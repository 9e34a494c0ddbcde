import type { Explanation } from '@tidings/protocol';
import { encodeCursor } from '@tidings/protocol';
import { expect, it } from 'vitest';
import { openLive, send } from './control-fixture.ts';
import { eventually } from './eventually.ts';
import { startEdge } from './fixture.ts';

it('what the kernel had not taken when the connection broke is not said to have been written', async () => {
  const edge = await startEdge({ settings: { lagMaxBytes: 64 * 1_048_576 } });
  const admin = await edge.token({ admin: true, subscribe: [] }, { sub: 'root' });
  const { client } = await openLive(edge, 'topic=a', await edge.token());
  client.pause();
  const data = 'x'.repeat(100_000);
  let id = '';
  // More than the kernels of both ends take.
  for (let each = 0; each < 200; each += 1) {
    const { seq } = await edge.publish('a', data);
    id = encodeCursor(edge.broker.epoch, seq);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const unsent = Math.max(...[...edge.sockets].map(({ writableLength }) => writableLength));
  expect(unsent).toBeGreaterThan(100_000);
  client.destroy();
  await eventually(() => edge.edge.openStreams === 0);
  const { body } = await send(edge, 'GET', `/v1/explain?user=alice&event=${id}`, admin);
  expect((body as Explanation).sessions[0]).toMatchObject({ written: 'unknown', why: 'unsent' });
});

it('nor what was still to be flushed in that very turn', async () => {
  const edge = await startEdge();
  const admin = await edge.token({ admin: true, subscribe: [] }, { sub: 'root' });
  await openLive(edge, 'topic=a', await edge.token());
  const [socket] = [...edge.sockets];
  // Before its turn ends the connection is gone.
  const published = edge.publish('a', 'one');
  socket?.emit('close');
  const { seq } = await published;
  expect(edge.edge.openStreams).toBe(0);
  const id = encodeCursor(edge.broker.epoch, seq);
  const { body } = await send(edge, 'GET', `/v1/explain?user=alice&event=${id}`, admin);
  expect((body as Explanation).sessions[0]).not.toMatchObject({ written: 'yes' });
});
