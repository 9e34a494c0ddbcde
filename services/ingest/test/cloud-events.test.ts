import { CloudEvent, type Message as CloudEventRequest, HTTP } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, createIngest, type TestIngest, textOf } from './fixture.ts';

let ingest: TestIngest;
beforeAll(async () => {
  ingest = await createIngest();
});
afterAll(() => ingest.stop());

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

let sent = 0;
/** Of an id that no other has. */
function eventWith(attributes: object): Record<string, unknown> {
  sent += 1;
  return {
    specversion: '1.0',
    id: `${sent}`,
    source: '/shop',
    type: 'order.shipped',
    subject: 'orders.42',
    ...attributes,
  };
}

const structured = (attributes: object, path = '/v1/events', type = STRUCTURED): Promise<Answer> =>
  ingest.send(path, { body: JSON.stringify(eventWith(attributes)), headers: { 'Content-Type': type } });

const batch = (events: unknown): Promise<Answer> =>
  ingest.send('/v1/events', { body: JSON.stringify(events), headers: { 'Content-Type': BATCH } });

const binary = (headers: Record<string, string>, body: string | Buffer, path = '/v1/events'): Promise<Answer> => {
  const given = Object.entries(eventWith({})).map(([name, value]) => [`ce-${name}`, `${value}`]);
  return ingest.send(path, { body, headers: { ...Object.fromEntries(given), ...headers } });
};

function last(): object {
  const message = ingest.messages.at(-1);
  if (message === undefined) return {};
  const { topic, event, json, tenant } = message;
  return { topic, event, json, tenant, data: textOf(message) };
}

describe('a CloudEvent', () => {
  it.each<[string, (event: CloudEvent<unknown>) => CloudEventRequest]>([
    ['structured', HTTP.structured],
    ['binary', HTTP.binary],
  ])('is taken %s as the official SDK sends it', async (_, encode) => {
    const event = new CloudEvent({
      source: 'https://shop.example/',
      type: 'order.shipped',
      subject: 'orders.42',
      datacontenttype: 'application/json',
      data: { state: 'shipped' },
      anextension: 7,
    });
    const { headers, body } = encode(event);
    const request = { body: body as string, headers: headers as Record<string, string> };
    const answer = await ingest.send('/v1/events', request);
    expect([answer.status, answer.body]).toEqual([202, { id: expect.any(String), topic: 'orders.42' }]);
    expect(last()).toEqual({
      topic: 'orders.42',
      event: 'order.shipped',
      json: true,
      tenant: 'default',
      data: '{"state":"shipped"}',
    });
    expect((await ingest.send('/v1/events', request)).body.duplicate).toBe(true);
  });

  it('is stored once by its id and source together', async () => {
    const [first, other, again] = [
      await structured({ id: 'same' }),
      await structured({ id: 'same', source: '/another' }),
      await structured({ id: 'same' }),
    ].map(({ body }) => body.duplicate);
    expect([first, other, again]).toEqual([undefined, undefined, true]);
  });

  it('goes to tidingstopic before subject, and to the topic of a raw route before both', async () => {
    const both = { tidingstopic: 'a.b', subject: 'c' };
    expect((await structured(both)).body.topic).toBe('a.b');
    expect((await structured({ ...both, tidingstopic: null })).body.topic).toBe('c');
    expect((await structured(both, '/v1/topics/d/events?event=named&ttl=5')).body.topic).toBe('d');
    expect(last()).toMatchObject({ event: 'named' });
    expect((await structured({ subject: undefined }, '/v1/users/bob/events')).body.topic).toBe('user.bob');
    expect((await binary({ 'ce-tidingstopic': 'e' }, '1')).body.code).toBe('unsupported-media-type');
    expect((await binary({ 'ce-tidingstopic': 'e', 'Content-Type': 'text/plain' }, '1')).body.topic).toBe('e');
    expect((await binary({ 'Content-Type': 'text/plain' }, '1', '/v1/topics/f/events')).body.topic).toBe('f');
  });

  it.each<[object, string, boolean]>([
    [{ data: { a: [1] } }, '{"a":[1]}', true],
    [{ data: 'text' }, '"text"', true],
    [{ data: null }, 'null', true],
    [{}, '', false],
    [{ datacontenttype: 'text/plain', data: 'a\nb' }, 'a\nb', false],
    [{ datacontenttype: 'application/xml', data: '<a/>' }, '<a/>', false],
    [{ datacontenttype: 'text/plain', data: { a: 1 } }, '{"a":1}', true],
    [{ datacontenttype: 'application/vnd.x+json', data_base64: 'eyJhIjogMS4wfQ==' }, '{"a": 1.0}', true],
    [{ datacontenttype: 'text/csv', data_base64: 'YSxi' }, 'a,b', false],
    [{ datacontenttype: 'image/png', data_base64: 'iVBORw==' }, 'iVBORw==', false],
    [{ datacontenttype: 'text/plain; charset=latin1', data_base64: '/w==' }, '/w==', false],
  ])('structured with %j delivers %j', async (attributes, data, json) => {
    expect((await structured(attributes)).status).toBe(202);
    expect(last()).toMatchObject({ data, json });
  });

  it.each<[string | undefined, Buffer, string, boolean]>([
    ['application/json', Buffer.from(' {"a": 1.0}'), ' {"a": 1.0}', true],
    ['application/problem+json; charset=utf-8', Buffer.from('1'), '1', true],
    ['text/plain', Buffer.from('é'), 'é', false],
    ['application/octet-stream', Buffer.from([0xff, 0]), '/wA=', false],
    [undefined, Buffer.alloc(0), '', false],
  ])('binary of type %j delivers its data as JSON, as text, or in Base64', async (type, body, data, json) => {
    expect((await binary(type === undefined ? {} : { 'Content-Type': type }, body)).status).toBe(202);
    expect(last()).toMatchObject({ data, json });
  });

  it('binary has its attributes percent-encoded, in quotes or not', async () => {
    await binary({ 'ce-type': '"say \\"%C3%A9\\""', 'ce-subject': 'a%25.%F0%9F%98%80' }, '');
    expect(last()).toMatchObject({ event: 'say "é"', topic: 'a%.😀' });
  });

  it.each<[object, string, string]>([
    [{ specversion: '0.3' }, 'invalid-field', '/specversion'],
    [{ id: '' }, 'invalid-field', '/id'],
    [{ id: 7 }, 'invalid-field', '/id'],
    [{ source: undefined }, 'invalid-field', '/source'],
    [{ source: 'a b' }, 'invalid-field', '/source'],
    [{ type: 'hub.bye' }, 'invalid-event-name', '/type'],
    [{ subject: 'a..b' }, 'invalid-topic', '/subject'],
    [{ subject: undefined }, 'invalid-field', '/subject'],
    [{ tidingstopic: '$hub.audit' }, 'invalid-topic', '/tidingstopic'],
    [{ datacontenttype: 'json' }, 'invalid-field', '/datacontenttype'],
    [{ data: 1, data_base64: 'YQ==' }, 'invalid-field', '/data_base64'],
    [{ data_base64: 'Y' }, 'invalid-field', '/data_base64'],
    [{ data_base64: 'YQ==' }, 'invalid-field', '/data_base64'],
    [{ datacontenttype: 'text/plain', data_base64: '/w==' }, 'invalid-field', '/data_base64'],
  ])('structured with %j is 422 %s, which names its place', async (attributes, code, pointer) => {
    const { status, body } = await structured(attributes);
    expect([status, body.code, body.pointer]).toEqual([422, code, pointer]);
  });

  it.each<[Record<string, string>, string, string | undefined]>([
    [{ 'ce-specversion': '1.1' }, 'invalid-field', 'ce-specversion'],
    [{ 'ce-id': '' }, 'invalid-field', 'ce-id'],
    [{ 'ce-type': 'hub.bye' }, 'invalid-event-name', 'ce-type'],
    [{ 'ce-subject': '%ff' }, 'invalid-field', 'ce-subject'],
    [{ 'ce-subject': 'a*' }, 'invalid-topic', 'ce-subject'],
    [{ 'Content-Type': 'application/json' }, 'malformed-body', undefined],
  ])('binary with %j is %s, which names its header', async (headers, code, parameter) => {
    const { body } = await binary({ 'Content-Type': 'text/plain', ...headers }, '{');
    expect([body.code, body.parameter]).toEqual([code, parameter]);
  });

  it('comes in batches, each with a result of its own', async () => {
    const ok = await batch([eventWith({ data: 1 }), eventWith({ subject: 'b', data: 2 })]);
    expect([ok.status, ok.body.results.map(({ topic }: { topic: string }) => topic)]).toEqual([
      202,
      ['orders.42', 'b'],
    ]);
    const some = await batch([eventWith({}), eventWith({ type: '' }), 7]);
    expect(some.status).toBe(207);
    expect(some.body.results.map(({ status }: { status: number }) => status)).toEqual([202, 422, 422]);
    expect((await batch([])).body.code).toBe('empty-batch');
    expect((await batch(eventWith({}))).body.code).toBe('invalid-field');
  });

  it('is held to the token, and to the forms that there are', async () => {
    const body = JSON.stringify(eventWith({}));
    const token = await ingest.token(['chat.*']);
    const forbidden = await ingest.send('/v1/events', { token, body, headers: { 'Content-Type': STRUCTURED } });
    expect(forbidden.status).toBe(403);
    for (const type of ['application/cloudevents+xml', 'application/cloudevents', `${STRUCTURED}; charset=latin1`]) {
      expect((await structured({}, '/v1/events', type)).status).toBe(415);
    }
  });
});
