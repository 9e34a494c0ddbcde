import type { Broker, Selection } from '@tidings/broker';
import { encodeCursor } from '@tidings/protocol';
import { describe, expect, it } from 'vitest';
import { createGate, type Gate, overriding } from './broker-stand-in.ts';
import { openLive, send } from './control-fixture.ts';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { controlOf, names, payloadsBeforeMarker, payloadsUntil } from './received.ts';
import { selective } from './selective-broker.ts';

/** What is followed, for each time that somebody follows it. */
function createFollowed() {
  const followed: string[] = [];
  const wrap = (broker: Broker): Broker => {
    const inner = selective(broker);
    return overriding(inner, {
      async follow(selection) {
        const names = selection.patterns.join();
        followed.push(names);
        const interest = await inner.follow(selection);
        let held = true;
        return {
          get from() {
            return interest.from;
          },
          release() {
            if (held) followed.splice(followed.indexOf(names), 1);
            held = false;
            interest.release();
          },
        };
      },
    });
  };
  return { followed, wrap };
}

/** Such topics are followed, and who asked for it hears so when the gate is open. */
const answeringLate = (broker: Broker, gate: Gate, isSlow: (selection: Selection) => boolean = () => true): Broker =>
  overriding(broker, {
    async follow(selection) {
      const interest = await broker.follow(selection);
      if (isSlow(selection)) await gate.pass();
      return interest;
    },
  });

async function publishMany(edge: TestEdge, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, at) => `${at}`);
  for (const text of texts) await edge.publish('a', text);
  return texts;
}

describe('an edge that is fed what its streams follow', () => {
  it('gives back what a stream followed when it ends, and when its topics are others', async () => {
    const { followed, wrap } = createFollowed();
    const edge = await startEdge({ feed: 'all', wrapBroker: wrap });
    const token = await edge.token();
    const { client, path } = await openLive(edge, 'topic=a', token);
    const { client: other } = await openLive(edge, 'topic=a&topic=z', token);
    expect(followed).toEqual(['a', 'a,z']);
    expect((await send(edge, 'PATCH', path, token, { add: ['b', { topic: 'c', replay: 'all' }] })).status).toBe(200);
    await eventually(() => followed.length === 2 && followed.includes('a,b,c'));
    expect((await send(edge, 'PATCH', path, token, { remove: ['a'] })).status).toBe(200);
    expect(followed).toEqual(['a,z', 'b,c']);
    other.destroy();
    await eventually(() => followed.length === 1);
    // A change that is not made leaves nothing followed.
    const foreign = await edge.token(undefined, { sub: 'bob' });
    expect((await send(edge, 'PATCH', path, foreign, { add: ['d'] })).status).toBe(404);
    expect(followed).toEqual(['b,c']);
    client.destroy();
    await eventually(() => followed.length === 0);
  });

  it('gives back what comes into force after its stream has left', async () => {
    const { followed, wrap } = createFollowed();
    const gate = createGate();
    const edge = await startEdge({
      feed: 'all',
      wrapBroker: (broker) => answeringLate(wrap(broker), gate),
    });
    const client = await edge.stream('topic=a');
    await eventually(() => gate.asked === 1);
    client.destroy();
    await eventually(() => edge.edge.openStreams === 0);
    expect(followed).toEqual(['a']);
    gate.release();
    await eventually(() => followed.length === 0);
  });

  it('follows the topics of a change that was made while the first ones came in force', async () => {
    const { followed, wrap } = createFollowed();
    const gate = createGate();
    const edge = await startEdge({
      feed: 'all',
      wrapBroker: (broker) => answeringLate(wrap(broker), gate, ({ patterns }) => patterns.includes('slow')),
    });
    const token = await edge.token();
    const client = await edge.stream('topic=slow', { headers: { authorization: `Bearer ${token}` } });
    await eventually(() => gate.asked === 1);
    const path = `/v1/sessions/${client.headers['tidings-session']}`;
    expect((await send(edge, 'PATCH', path, token, { add: ['b'], remove: ['slow'] })).status).toBe(200);
    gate.release();
    await client.event('hub.live');
    expect(followed).toEqual(['b']);
    await edge.publish('b', 'after');
    expect(await payloadsUntil(client, 'after')).toEqual(['after']);
  });

  it('sends what is published once its page sees the stream open, however long its topics take to come in force', async () => {
    const gate = createGate();
    const edge = await startEdge({
      feed: 'all',
      wrapBroker: (broker) => {
        const inner = selective(broker);
        return overriding(inner, {
          follow: async (selection) => {
            await gate.pass();
            return inner.follow(selection);
          },
        });
      },
    });
    await edge.publish('a', 'before');
    const client = await edge.stream('topic=a');
    await eventually(() => gate.asked === 1);
    await edge.publish('a', 'after');
    expect(names(client)).toEqual([]);
    gate.release();
    expect(await payloadsUntil(client, 'after')).toEqual(['after']);
    expect((await controlOf(client, 'hub.hello')).resumed).toBe(false);
  });

  it('says at once, as any edge does, that history does not reach back to a cursor', async () => {
    const edge = await startEdge({ feed: 'interest', historyMaxBytes: 5_000 });
    const { epoch } = await edge.publish('a', 'zero');
    const texts = await publishMany(edge, 100);
    const client = await edge.stream(`topic=a&last_event_id=${encodeCursor(epoch, 1)}`);
    const got = await payloadsBeforeMarker(edge, client, 'a');
    expect(names(client).slice(0, 2)).toEqual(['hub.hello', 'hub.gap']);
    expect((await controlOf(client, 'hub.hello')).resumed).toBe(false);
    expect(got).toEqual(texts.slice(-got.length));
    const { values } = await edge.metrics.resumes.get();
    expect(values.filter(({ value }) => value > 0).map(({ labels }) => labels.source)).toEqual(['gap']);
  });

  it('counts a resume of what was followed by nobody as one from history', async () => {
    const edge = await startEdge({ feed: 'interest' });
    const { epoch } = await edge.publish('a', 'zero');
    await publishMany(edge, 3);
    const client = await edge.stream(`topic=a&last_event_id=${encodeCursor(epoch, 1)}`);
    await client.event('hub.live');
    const { values } = await edge.metrics.resumes.get();
    expect(values.filter(({ value }) => value > 0).map(({ labels }) => labels.source)).toEqual(['history']);
  });
});
