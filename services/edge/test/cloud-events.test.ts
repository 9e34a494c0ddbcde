import { encodeCursor } from '@tidings/protocol';
import { createFakeClock } from '@tidings/runtime/testing';
import { CloudEvent, type CloudEventV1, HTTP } from 'cloudevents';
import { describe, expect, it } from 'vitest';
import { Item } from '../src/item.ts';
import { startEdge } from './fixture.ts';
import { names } from './received.ts';

/** Reads one as a receiver of the official SDK does, who refuses what is no CloudEvent. */
function readStrictly(body: string): CloudEventV1<unknown> {
  const event = HTTP.toEvent<unknown>({ headers: { 'content-type': 'application/cloudevents+json' }, body });
  if (Array.isArray(event)) throw new Error('a batch');
  return new CloudEvent(event as CloudEventV1<unknown>, true);
}

describe('format=cloudevents', () => {
  it('is what the official SDK reads, on a stream and in history, under the same event: and id: lines', async () => {
    const clock = createFakeClock(Date.UTC(2026, 10, 21, 8, 0, 0, 7));
    const edge = await startEdge({ clock });
    const client = await edge.stream('topic=a.*&format=cloudevents');
    await client.event('hub.live');
    const { epoch } = await edge.publish('a.1', { state: 'shipped' }, { event: 'status' });
    await edge.publish('a.2', 'two\nlines');
    await edge.publish('a.2', 'typing', { store: false, event: 'note' });
    await client.event('note');
    expect(names(client)).toEqual(['hub.hello', 'hub.live', 'status', 'message', 'note']);
    const cursors = [encodeCursor(epoch, 1), encodeCursor(epoch, 2)];
    const common = { specversion: '1.0', source: 'urn:tidings:tenant:default', time: '2026-11-21T08:00:00.007Z' };
    const stored = [
      { type: 'status', subject: 'a.1', datacontenttype: 'application/json', data: { state: 'shipped' } },
      { type: 'message', subject: 'a.2', datacontenttype: 'text/plain', data: 'two\nlines' },
    ].map((each, place) => ({ ...common, ...each, id: cursors[place], tidingscursor: cursors[place] }));
    const published = client.published();
    expect(published.map(({ lastEventId }) => lastEventId)).toEqual([...cursors, cursors[1]]);
    const [first, second, live] = published.map(({ data }) => readStrictly(data));
    expect([first, second]).toMatchObject(stored);
    expect(live).toMatchObject({ type: 'note', data: 'typing', id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(live).not.toHaveProperty('tidingscursor');

    const page = await (await edge.get('/v1/topics/a.*/events?format=cloudevents&limit=2')).json();
    expect(page).toEqual({ events: stored, next: cursors[1] });
    for (const event of page.events) readStrictly(JSON.stringify(event));
    // The id of a CloudEvent is a cursor like any other.
    const resumed = await edge.stream(`topic=a.*&format=cloudevents&last_event_id=${first?.id}`);
    await resumed.event('hub.live');
    expect(resumed.published().map(({ data }) => readStrictly(data).id)).toEqual([cursors[1]]);
  });

  it('is refused in history under any other name', async () => {
    const edge = await startEdge();
    for (const query of ['format=data', 'format=', 'format=envelope&format=envelope']) {
      const answer = await edge.get(`/v1/topics/a/events?${query}`);
      expect(answer.status).toBe(422);
      expect(await answer.json()).toMatchObject({ code: 'invalid-field', parameter: 'format' });
    }
  });

  it('is encoded once for all streams, and not before one wants it', () => {
    let reads = 0;
    const message = {
      ...{ seq: 1, tenant: 't', topic: 'a', event: '', json: false, final: false, exclude: '' },
      ...{ timeMs: 0, expiresAtMs: Number.POSITIVE_INFINITY, data: Buffer.from('x') },
      // Asked for by the encoder of CloudEvents alone.
      get tenant() {
        reads += 1;
        return 't';
      },
    };
    const item = new Item(message, 'e');
    item.frame('data');
    item.frame('envelope');
    expect(reads).toBe(0);
    expect(item.frame('cloudevents')).toBe(item.frame('cloudevents'));
    expect(reads).toBe(1);
  });
});
