import { describe, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { controlOf } from './received.ts';

interface Counted {
  get(): Promise<{ values: { value: number; labels: object }[] }>;
}

/** What was counted, by label; what was not is left out. */
async function countsOf(metric: Counted): Promise<Record<string, number>> {
  const { values } = await metric.get();
  const counted = values.filter(({ value }) => value > 0);
  return Object.fromEntries(counted.map(({ labels, value }) => [Object.values(labels).join(), value]));
}

const asked = (edge: TestEdge) => countsOf(edge.metrics.connectionsTotal);
const ended = (edge: TestEdge) => countsOf(edge.metrics.connectionsClosed);

describe('the counts of streams', () => {
  it('every answer to a request for a stream is counted by what it was', async () => {
    const edge = await startEdge({ settings: { maxConnections: 1 } });
    await edge.stream('topic=a', { headers: { authorization: 'Bearer x' } });
    await edge.stream('topic=a&replay=x');
    await edge.stream('topic=%zz');
    await edge.stream('topic=a', { method: 'POST', body: '{}' });
    const open = await edge.stream('topic=a');
    await open.event('hub.live');
    await edge.stream('topic=a&client=sdk');
    await edge.stream('topic=a', { headers: { accept: 'text/event-stream' } });
    expect(await asked(edge)).toEqual({
      unauthenticated: 1,
      'malformed-url': 1,
      'unknown-field': 1,
      'invalid-field': 1,
      opened: 1,
      'at-capacity': 1,
      capacity: 1,
    });
    expect((await edge.metrics.connectionsLimit.get()).values[0]?.value).toBe(1);
  });

  it('a finite stream that is over is counted as such', async () => {
    const edge = await startEdge();
    const { seq } = await edge.publish('a', 'last', { final: true });
    const first = await edge.stream('topic=a&until=final&replay=all');
    await first.end();
    const again = await edge.stream('topic=a&until=final', {
      headers: { authorization: `Bearer ${await edge.token()}`, 'last-event-id': first.lastEventId },
    });
    expect([seq, again.status]).toEqual([1, 204]);
    expect(await asked(edge)).toEqual({ opened: 1, final: 1 });
    expect(await ended(edge)).toEqual({ final: 1 });
  });

  it('a stream that ends is counted once, by the reason that it was told, or as gone', async () => {
    const edge = await startEdge({ settings: { drainMs: 0 } });
    const [left, stayed] = [await edge.stream('topic=a'), await edge.stream('topic=a')];
    await Promise.all([left.event('hub.live'), stayed.event('hub.live')]);
    left.destroy();
    await eventually(async () => (await ended(edge)).gone === 1);
    await edge.edge.drain();
    expect((await controlOf(stayed, 'hub.bye')).reason).toBe('draining');
    await stayed.end();
    expect(await ended(edge)).toEqual({ gone: 1, draining: 1 });
  });

  it('what an edge says of its touch with the others is what holds when it is asked', async () => {
    const edge = await startEdge();
    expect(await edge.metrics.text()).toContain('tidings_cluster_in_touch 1');
    await edge.cluster.close();
    expect(await edge.metrics.text()).toContain('tidings_cluster_in_touch 0');
  });
});
