import { createMemoryCluster } from '@tidings/broker/memory';
import { TidingsError } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { startIngest, type TestIngest } from './fixture.ts';

const recordsOf = ({ lines }: TestIngest): Record<string, unknown>[] => lines.filter(({ msg }) => msg === 'audit');

describe('the audit of an ingest', () => {
  it('a publish is one record, however many events it has, with at most 20 topics by name', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['>'], { sub: 'bob', tenant: 'acme' });
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
    const events = Array.from({ length: 50 }, (_, place) => ({ topic: `a.${place % 25}`, data: 'x' }));
    await ingest.publish(events, { token });
    await ingest.raw('b', 'x', '', { token, headers: { 'Idempotency-Key': 'k' } });
    await ingest.raw('b', 'x', '', { token, headers: { 'Idempotency-Key': 'k' } });
    await ingest.publish({ topic: 'c', data: 'x', ttl: -1 }, { token });
    const [first, second, third, ...others] = recordsOf(ingest);
    expect(first).toMatchObject({
      audit: 'published',
      tenant: 'acme',
      user: 'bob',
      tokenId: jti,
      address: '127.0.0.1',
      node: expect.stringMatching(/^[0-9a-z]{8}$/),
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      events: 50,
      topicCount: 25,
      topics: Array.from({ length: 20 }, (_, place) => `a.${place}`),
    });
    expect(second).toMatchObject({ audit: 'published', topics: ['b'], topicCount: 1, events: 1 });
    expect(third).toMatchObject({ audit: 'published', topics: ['b'], events: 0 });
    expect(others).toEqual([]);
  });

  it('a refusal is a record with its code, and with the caller where one is known', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['a.>'], { sub: 'bob' });
    await ingest.raw('b', 'x', '', { token });
    await ingest.publish([{ topic: 'a.1', data: 'x' }, { topic: 'b', data: 'x' }, { topic: 7 }], { token });
    await ingest.raw('b', 'x', '', { token: 'no-token' });
    const records = recordsOf(ingest);
    expect(records).toHaveLength(3);
    expect(records[0]).toMatchObject({
      audit: 'refused',
      user: 'bob',
      code: 'forbidden',
      refused: 1,
      topics: ['b'],
      request: 'POST /v1/topics/b/events',
    });
    expect(records[1]).toMatchObject({ audit: 'published', events: 1, topics: ['a.1'], refused: 1, code: 'forbidden' });
    expect(records[2]).toMatchObject({ audit: 'refused', code: 'unauthenticated', address: '127.0.0.1' });
    expect(records[2]).not.toHaveProperty('tenant');
    expect(records[2]).not.toHaveProperty('user');
  });

  it('an erasure is a record also where what was read of it can not be forgotten now', async () => {
    const cluster = createMemoryCluster();
    await cluster.open();
    const remove = (): Promise<void> => Promise.reject(new TidingsError('unavailable', 'The records are away.'));
    const ingest = await startIngest({
      cluster: Object.assign(Object.create(cluster), { records: { ...cluster.records, remove } }),
    });
    const token = await ingest.token([], { sub: 'root', tidings: { admin: true } });
    expect((await ingest.send('/v1/users/bob/events', { method: 'DELETE', token })).status).toBe(503);
    const record = { audit: 'erased', user: 'root', topics: ['user.bob', 'user.bob.>'] };
    expect(recordsOf(ingest)).toContainEqual(expect.objectContaining(record));
    await cluster.close();
  });

  it('an erasure is a record of what was erased, once it is', async () => {
    const ingest = await startIngest();
    const token = await ingest.token([], { sub: 'root', tidings: { admin: true } });
    await ingest.send('/v1/users/bob/events', { method: 'DELETE', token });
    await ingest.send('/v1/topics/a..b/events', { method: 'DELETE', token });
    expect(recordsOf(ingest)).toEqual([
      expect.objectContaining({ audit: 'erased', user: 'root', topics: ['user.bob', 'user.bob.>'] }),
    ]);
  });

  it.each([
    ['all', ['published', 'published', 'refused']],
    ['control', ['published', 'refused']],
    ['off', []],
  ] as const)('TIDINGS_AUDIT=%s writes %j, though the log itself is silent', async (auditLevel, expected) => {
    const ingest = await startIngest({ auditLevel, logLevel: 'silent' });
    const token = await ingest.token(['a']);
    await ingest.raw('a', 'x', '', { token });
    // Part of it is refused.
    await ingest.publish({ topics: ['a', 'b'], data: 'x' }, { token });
    await ingest.raw('b', 'x', '', { token });
    expect(ingest.lines.map(({ audit }) => audit)).toEqual(expected);
  });

  it('a record holds no payload and no token, wherever the token stood', async () => {
    const ingest = await startIngest();
    const token = await ingest.token(['a']);
    const text = { headers: { 'Content-Type': 'text/plain' }, token: '' };
    for (const topic of ['a', 'b']) {
      await ingest.raw(topic, 'PAYLOAD', '', { token });
      await ingest.send(`/v1/topics/${topic}/events?access_token=${token}`, { ...text, body: 'PAYLOAD' });
      await ingest.send(`/v1/topics/${topic}/events?access_token=${token}.forged`, { ...text, body: 'PAYLOAD' });
    }
    const written = JSON.stringify(recordsOf(ingest));
    expect(recordsOf(ingest)).toHaveLength(6);
    expect(written).not.toContain('PAYLOAD');
    for (const piece of token.split('.')) expect(written).not.toContain(piece);
  });
});
