import { createMemoryBus } from '@tidings/broker/memory';
import { type Explanation, encodeCursor } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { explanationSchema } from '../src/explanation-schema.ts';
import { openLive, send, startPair } from './control-fixture.ts';
import { publishUntilLagging, startEdge, type TestEdge } from './fixture.ts';
import { payloadsUntil, placeOf } from './received.ts';

const ADMIN = { admin: true, subscribe: [] };

async function publish(edge: TestEdge, topic: string, data: string, extra = {}): Promise<string> {
  const { seq } = await edge.publish(topic, data, extra);
  return encodeCursor(edge.broker.epoch, seq);
}

async function explain(edge: TestEdge, user: string, id: string): Promise<Explanation> {
  const admin = await edge.token(ADMIN, { sub: 'root' });
  const { status, body } = await send(edge, 'GET', `/v1/explain?user=${user}&event=${id}`, admin);
  expect(status, JSON.stringify(body)).toBe(200);
  // What the schema does not have would be left out.
  expect(explanationSchema.parse(body)).toEqual(body);
  return body;
}

describe('what became of an event', () => {
  it('it was written to a stream of the user, and a later one shows that the client had it', async () => {
    const { here, there } = await startPair();
    const token = await here.token();
    const first = await openLive(here, 'topic=a&topic=b.*', token);
    const id = await publish(here, 'b.1', 'one', { event: 'told' });
    await payloadsUntil(first.client, 'one');
    const written = await explain(here, 'alice', id);
    expect(written).toMatchObject({
      delivered: 'written',
      user: 'alice',
      event: { id, state: 'stored', topic: 'b.1', event: 'told' },
      sessions: [
        {
          id: first.id,
          topics: ['a', 'b.*'],
          matched: ['b.*'],
          granted: true,
          written: 'yes',
          acknowledged: 'unknown',
        },
      ],
      lost: [],
    });
    expect(written.sessions[0]).not.toHaveProperty('closed');
    expect(written.nodes.map(({ journal }) => journal)).toEqual([true, true]);

    first.client.destroy();
    const second = await openLive(here, `topic=b.*&last_event_id=${first.client.lastEventId}`, token);
    expect(await explain(here, 'alice', id)).toMatchObject({
      delivered: 'acknowledged',
      sessions: [
        { end: 'gone', written: 'yes', acknowledged: 'yes', acknowledgedBy: { session: second.id } },
        { id: second.id, written: 'no', why: 'opened-after', resumedFrom: first.client.lastEventId },
      ],
    });
    // Each edge of this pair has a log of its own; of a log that is not its own it has no event.
    const elsewhere = await explain(there, 'alice', id);
    expect([elsewhere.delivered, elsewhere.event]).toEqual(['unknown', { id, state: 'other-log' }]);
    expect(elsewhere.sessions[0]).toMatchObject({ written: 'unknown', why: 'event-unknown' });
  });

  it('it was not, and each session says why', async () => {
    const edge = await startEdge();
    const alice = await openLive(edge, 'topic=a', await edge.token({ subscribe: ['a'] }));
    const id = await publish(edge, 'b', 'one');
    const other = await explain(edge, 'alice', id);
    expect(other).toMatchObject({
      delivered: 'no',
      sessions: [{ written: 'no', why: 'no-topic', matched: [], granted: false }],
    });
    expect(other.conclusion).toBe(
      'It is stored. It was written to no stream of the user. 1 session of the user is known.',
    );
    const own = await publish(edge, 'a', 'two', { exclude: alice.id });
    expect((await explain(edge, 'alice', own)).sessions[0]).toMatchObject({ written: 'no', why: 'excluded' });
    alice.client.destroy();
    expect(await explain(edge, 'bob', id)).toMatchObject({ delivered: 'no', sessions: [] });
  });

  it('a change of topics counts from when it was in force', async () => {
    const edge = await startEdge();
    const token = await edge.token();
    const { client, path } = await openLive(edge, 'topic=a', token);
    const before = await publish(edge, 'b', 'before');
    await send(edge, 'PATCH', path, token, { add: ['b'] });
    const meanwhile = await publish(edge, 'b', 'meanwhile');
    await send(edge, 'PATCH', path, token, { remove: ['b'] });
    const after = await publish(edge, 'b', 'after');
    await edge.publish('a', 'end');
    await payloadsUntil(client, 'end');
    const written = [];
    for (const cursor of [before, meanwhile, after]) {
      written.push((await explain(edge, 'alice', cursor)).sessions[0]?.written);
    }
    expect(written).toEqual(['no', 'yes', 'no']);
  });

  it('what was gone when a slow stream came to it was not written, though its topic is not known any more', async () => {
    const edge = await startEdge({
      historyMaxBytes: 20_000,
      settings: { ringMaxBytes: 10_000, lagMaxBytes: 4_096 },
    });
    const { client } = await openLive(edge, 'topic=a', await edge.token());
    client.pause();
    const ids: string[] = [];
    const data = 'x'.repeat(2_000);
    const publishOne = async (): Promise<number> => ids.push(await publish(edge, 'a', data));
    const count = await publishUntilLagging(edge, publishOne, 40);
    client.resume();
    const gap = JSON.parse((await client.event('hub.gap')).data);
    await publish(edge, 'a', 'end');
    await payloadsUntil(client, 'end');
    expect(gap.reason).toBe('expired');
    const lost = ids.find((id) => placeOf(id) > placeOf(gap.from) && placeOf(id) <= placeOf(gap.to)) as string;
    expect(ids.length).toBe(count);
    expect(await explain(edge, 'alice', lost)).toMatchObject({
      event: { state: 'evicted' },
      delivered: 'unknown',
      sessions: [{ written: 'no', why: 'gap' }],
    });
    expect((await explain(edge, 'alice', ids.at(-1) as string)).sessions[0]).toMatchObject({ written: 'yes' });
  });

  it('of a stream that skips to the newest it is not known which those were', async () => {
    const edge = await startEdge({ settings: { lagMaxBytes: 4_096 } });
    const { client } = await openLive(edge, 'topic=a&lag=latest', await edge.token());
    client.pause();
    const ids: string[] = [];
    const data = 'x'.repeat(2_000);
    await publishUntilLagging(edge, async () => ids.push(await publish(edge, 'a', data)), 40);
    client.resume();
    await publish(edge, 'a', 'end');
    await payloadsUntil(client, 'end');
    const came = new Set(client.events.map(({ lastEventId }) => lastEventId));
    const skipped = ids.find((id) => !came.has(id)) as string;
    expect((await explain(edge, 'alice', skipped)).sessions).toMatchObject([
      { written: 'unknown', why: 'newest-only' },
    ]);
    expect((await explain(edge, 'alice', ids[0] as string)).sessions).toMatchObject([{ written: 'yes' }]);
  });

  it('an edge that came and went is missed, and what it knew is not taken for nothing', async () => {
    const clock = createFakeClock();
    const bus = createMemoryBus();
    const here = await startEdge({ bus, clock });
    const there = await startEdge({ bus, clock });
    clock.advance(1_000);
    const id = await publish(here, 'a', 'one');
    clock.advance(10_000);
    expect((await explain(here, 'alice', id)).delivered).toBe('no');
    await there.cluster.close();
    const answer = await explain(here, 'alice', id);
    expect(answer).toMatchObject({ delivered: 'unknown', lost: [{ node: there.cluster.id }] });
    expect(answer.conclusion).toContain('1 node that served since is gone');
  });

  it('nothing is known where no journal is kept, and this is said', async () => {
    const edge = await startEdge({ settings: { journalMaxBytes: 0 } });
    const { client } = await openLive(edge, 'topic=a', await edge.token());
    const id = await publish(edge, 'a', 'one');
    await payloadsUntil(client, 'one');
    const answer = await explain(edge, 'alice', id);
    expect(answer).toMatchObject({ delivered: 'unknown', sessions: [], nodes: [{ journal: false, complete: false }] });
    expect(answer.conclusion).toContain('TIDINGS_JOURNAL_MAX_BYTES');
  });

  it('old and large journals are bounded, and what was forgotten is never told as no', async () => {
    const clock = createFakeClock();
    const edge = await startEdge({ clock, settings: { journalMaxBytes: 3_000, journalMaxAgeSec: 60 } });
    const token = await edge.token();
    const id = await publish(edge, 'a', 'one');
    for (let round = 0; round < 3; round += 1) {
      const { client, path } = await openLive(edge, 'topic=b', token);
      await send(edge, 'DELETE', path, token);
      await client.end();
      clock.advance(1_000);
    }
    const some = await explain(edge, 'alice', id);
    expect(some.sessions.length).toBe(1);
    expect(some.delivered).toBe('unknown');
    clock.advance(60_000);
    expect((await explain(edge, 'alice', id)).sessions).toEqual([]);
  });

  it('only admins ask, for a user and an event that could be', async () => {
    const edge = await startEdge();
    const id = await publish(edge, 'a', 'one');
    const token = await edge.token();
    expect((await send(edge, 'GET', `/v1/explain?user=alice&event=${id}`, token)).status).toBe(403);
    expect((await send(edge, 'GET', `/v1/explain?user=alice&event=${id}`, undefined)).status).toBe(401);
    const admin = await edge.token(ADMIN, { sub: 'root' });
    for (const query of [`event=${id}`, 'user=alice', 'user=alice&event=x', `user=&event=${id}`]) {
      const { status, body } = await send(edge, 'GET', `/v1/explain?${query}`, admin);
      expect([status, body.code], query).toEqual([422, 'invalid-field']);
    }
    const other = await edge.token(ADMIN, { sub: 'root', tenant: 'acme' });
    const { body } = await send(edge, 'GET', `/v1/explain?user=alice&event=${id}`, other);
    expect(body).toMatchObject({ event: { state: 'gone' }, sessions: [] });
    const never = encodeCursor(edge.broker.epoch, 1_000);
    expect((await explain(edge, 'alice', never)).event).toEqual({ id: never, state: 'never' });
  });
});
