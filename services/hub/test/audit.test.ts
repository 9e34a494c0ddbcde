import { openStream, request } from '@tidings/runtime/testing';
import { describe, expect, test } from 'vitest';
import { startTestHub } from './fixture.ts';

describe('the hub', () => {
  test('what is published and refused is told to an admin on $hub.audit, and counted on $hub.metrics', async () => {
    const hub = await startTestHub({ LOG_LEVEL: 'silent' });
    const admin = { authorization: `Bearer ${await hub.token({ admin: true }, { sub: 'root' })}` };
    const stream = await openStream(`${hub.url}/v1/stream?topic=%24hub.audit&topic=%24hub.metrics`, { headers: admin });
    await stream.event('hub.live');
    const token = await hub.token({ publish: ['a'] });
    const publish = async (topic: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
      const answer = await request(`${hub.url}/v1/topics/${topic}/events`, {
        method: 'POST',
        headers,
        body: 'PAYLOAD',
      });
      return answer.status;
    };
    expect([await publish('a'), await publish('b')]).toEqual([202, 403]);
    await stream.until(({ events }) => events.some(({ data }) => data.includes('"published":1,')));
    const records = stream.events.filter(({ event }) => event === 'audit').map(({ data }) => JSON.parse(data));
    expect(records.map(({ audit, topics }) => [audit, topics])).toEqual([
      ['published', ['a']],
      ['refused', ['b']],
    ]);
    const snapshot = JSON.parse(stream.events.find(({ event }) => event === 'metrics')?.data ?? '');
    expect(snapshot).toMatchObject({ nodes: [{ edge: true, streams: 1 }], total: { streams: 1, delivered: 0 } });
    expect(stream.text).not.toContain('PAYLOAD');
    expect(stream.text).not.toContain(token);
    expect(hub.lines.filter(({ msg }) => msg === 'audit').map(({ audit }) => audit)).toEqual([
      'subscribed',
      'published',
      'refused',
    ]);
    stream.destroy();
  });
});
