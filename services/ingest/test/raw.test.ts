import { describe, expect, it } from 'vitest';
import { startIngest } from './fixture.ts';

describe('the raw routes', () => {
  it.each([
    ['text/plain', 'a\r\nb\n\n ', false],
    ['text/html; charset=utf-8', '<p>ä</p>', false],
    ['text/csv; charset="UTF-8"; header=present', 'a,b', false],
    ['TEXT/Plain', 'x', false],
    ['text/plain', '', false],
    ['text/plain', '\ufeffwith a mark', false],
    ['text/plain', '%41+%zz&a=b', false],
    ['application/x-www-form-urlencoded', 'text=a+b%20c&x', false],
    ['application/json', '{ "b" : 1.0,\n\t"a": 9007199254740993 }\n', true],
    ['application/json', ' 1e999 ', true],
    ['application/json;charset=utf-8', '"\\u0041"', true],
  ])('section 5: takes %s and delivers %j as it came', async (type, text, json) => {
    const ingest = await startIngest();
    const answer = await ingest.raw('orders.42', text, '', { headers: { 'Content-Type': type } });
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ id: expect.any(String), topic: 'orders.42' });
    expect(ingest.messages).toMatchObject([{ topic: 'orders.42', event: '', json, final: false }]);
    expect(Buffer.from(ingest.messages[0]?.data ?? [])).toEqual(Buffer.from(text));
  });

  it('section 5: the user route is the same, to topic user.<user>', async () => {
    const ingest = await startIngest();
    const text = { body: 'hi', headers: { 'Content-Type': 'text/plain' } };
    expect((await ingest.send('/v1/users/alice/events', text)).body.topic).toBe('user.alice');
    expect((await ingest.send('/v1/users/a.b%2a/events?event=x', text)).body.topic).toBe('user.a%2Eb%2A');
    expect((await ingest.send('/v1/users/%F0%9F%98%80/events', text)).body.topic).toBe('user.😀');
    expect(ingest.messages.map(({ topic, event }) => [topic, event])).toEqual([
      ['user.alice', ''],
      ['user.a%2Eb%2A', 'x'],
      ['user.😀', ''],
    ]);
  });

  it('section 5: event, ttl, final, store and exclude are query parameters', async () => {
    const ingest = await startIngest();
    await ingest.raw('a', 'x', 'event=order+status%21&ttl=60&final=true&store=true&exclude=01J-a_b');
    expect(ingest.messages).toMatchObject([{ event: 'order status!', final: true, exclude: '01J-a_b' }]);
    const [message] = ingest.messages;
    expect((message?.expiresAtMs ?? 0) - (message?.timeMs ?? 0)).toBe(60_000);
    expect((await ingest.raw('a', 'x', 'store=false&final=false')).body).toEqual({ topic: 'a' });
    expect(ingest.messages.at(-1)).toMatchObject({ seq: 0, final: false });
  });

  it.each([
    ['topic=b', 'unknown-field', 'topic'],
    ['data=b', 'unknown-field', 'data'],
    ['id=b', 'unknown-field', 'id'],
    ['Event=b', 'unknown-field', 'Event'],
    ['__proto__=b', 'unknown-field', '__proto__'],
    ['constructor=b', 'unknown-field', 'constructor'],
    ['ttl=1&tll=2', 'unknown-field', 'tll'],
    ['=b', 'unknown-field', ''],
    ['event=a&event=a', 'invalid-field', 'event'],
    ['ttl=1&ttl=1', 'invalid-field', 'ttl'],
    ['final=true&%66inal=true', 'invalid-field', 'final'],
    ['ttl=', 'invalid-field', 'ttl'],
    ['ttl', 'invalid-field', 'ttl'],
    ['ttl=0', 'invalid-field', 'ttl'],
    ['ttl=-1', 'invalid-field', 'ttl'],
    ['ttl=1.5', 'invalid-field', 'ttl'],
    ['ttl=1e2', 'invalid-field', 'ttl'],
    ['ttl=0x10', 'invalid-field', 'ttl'],
    ['ttl=%2060', 'invalid-field', 'ttl'],
    ['ttl=%D9%A1', 'invalid-field', 'ttl'],
    ['ttl=86401', 'invalid-field', 'ttl'],
    ['ttl=1000000000000', 'invalid-field', 'ttl'],
    ['final=1', 'invalid-field', 'final'],
    ['final=TRUE', 'invalid-field', 'final'],
    ['final=', 'invalid-field', 'final'],
    ['final=true&store=false', 'invalid-field', 'final'],
    ['store=no', 'invalid-field', 'store'],
    ['exclude=', 'invalid-field', 'exclude'],
    ['exclude=a%0Ab', 'invalid-field', 'exclude'],
    ['event=', 'invalid-event-name', 'event'],
    ['event=hub.bye', 'invalid-event-name', 'event'],
    ['event=%20a', 'invalid-event-name', 'event'],
    ['event=a%0D%0Adata:evil', 'invalid-event-name', 'event'],
    ['event=a%00', 'invalid-event-name', 'event'],
  ])('section 5: the query %s is 422 and names its parameter', async (query, code, parameter) => {
    const ingest = await startIngest();
    const { status, headers, body } = await ingest.raw('a', 'x', query);
    expect(status).toBe(422);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ type: `urn:tidings:problem:${code}`, code, status: 422, parameter });
    expect(body).not.toHaveProperty('pointer');
    expect(ingest.messages).toEqual([]);
  });

  it.each([
    ['/v1/topics/a..b/events', 'invalid-topic', 'topic'],
    ['/v1/users/a%20b/events', 'invalid-user', 'user'],
    [`/v1/users/${'a'.repeat(251)}/events`, 'invalid-user', 'user'],
  ])('section 5: the path %s is 422 and names its parameter', async (path, code, parameter) => {
    const ingest = await startIngest();
    const { status, body } = await ingest.send(path, { body: 'x', headers: { 'Content-Type': 'text/plain' } });
    expect(status).toBe(422);
    expect(body).toMatchObject({ code, parameter });
    expect(body).not.toHaveProperty('pointer');
  });

  it('section 5: application/json that is not JSON is 400 malformed-body', async () => {
    const ingest = await startIngest();
    for (const text of ['', '{', '{"a":1,}', "{'a':1}", 'NaN', '\ufeff{}']) {
      const answer = await ingest.raw('a', text, '', { headers: { 'Content-Type': 'application/json' } });
      expect(answer.status).toBe(400);
      expect(answer.body.code).toBe('malformed-body');
    }
    expect(ingest.messages).toEqual([]);
  });

  it('hardening section 1: text that is not UTF-8 is 400, as text and as JSON', async () => {
    const ingest = await startIngest();
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded']) {
      for (const bytes of [
        [0xff],
        [0xc3],
        [0xed, 0xa0, 0x80],
        [0xc0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0xff, 0xfe, 0x31, 0x00],
      ]) {
        const answer = await ingest.raw('a', Uint8Array.from(bytes), '', { headers: { 'Content-Type': type } });
        expect([answer.status, answer.body.code]).toEqual([400, 'malformed-body']);
      }
    }
  });

  it('section 5: a payload of NUL and other control characters is text like any other', async () => {
    const ingest = await startIngest();
    await ingest.raw('a', '\0\u0001\u0085\u2028');
    expect(ingest.texts()).toEqual(['\0\u0001\u0085\u2028']);
  });

  it('section 5: the limit of one event counts the bytes of the body', async () => {
    const ingest = await startIngest({ maxEventBytes: 4 });
    expect((await ingest.raw('a', 'ää')).status).toBe(202);
    const { status, body } = await ingest.raw('a', 'äää');
    expect([status, body.code]).toEqual([413, 'event-too-large']);
    expect((await ingest.raw('a', ' 123 ', '', { headers: { 'Content-Type': 'application/json' } })).status).toBe(413);
  });
});

describe('media types', () => {
  const body = '{"topic":"a","data":1}';
  it.each([
    undefined,
    '',
    'json',
    'application/',
    'text/plain',
    'application/jsonx',
    'application/vnd.api+json',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset=',
    'application/json, application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
    'application/octet-stream',
    'application/x-ndjson; charset=iso-8859-1',
  ])('hardening section 1: /v1/events of type %j is 415', async (type) => {
    const ingest = await startIngest();
    const answer = await ingest.send('/v1/events', {
      body,
      headers: type === undefined ? {} : { 'Content-Type': type },
    });
    expect([answer.status, answer.body.code]).toEqual([415, 'unsupported-media-type']);
    expect(ingest.messages).toEqual([]);
  });

  it.each([
    undefined,
    '',
    'text',
    'text/',
    'image/png',
    'application/octet-stream',
    'application/x-ndjson',
    'multipart/form-data; boundary=a',
    'text/plain; charset=latin1',
    'text/plain; charset=utf-16',
    'application/json; charset=us-ascii',
  ])('hardening section 1: the raw routes refuse type %j with 415', async (type) => {
    const ingest = await startIngest();
    const headers = type === undefined ? {} : { 'Content-Type': type };
    for (const path of ['/v1/topics/a/events', '/v1/users/a/events']) {
      const answer = await ingest.send(path, { body: 'x', headers });
      expect([answer.status, answer.body.code]).toEqual([415, 'unsupported-media-type']);
    }
    expect(ingest.messages).toEqual([]);
  });

  it.each(['gzip', 'br', 'deflate', 'identity, gzip', 'chunked', 'x'])(
    'hardening section 1: Content-Encoding %s is 415',
    async (encoding) => {
      const ingest = await startIngest();
      const headers = { 'Content-Encoding': encoding };
      expect((await ingest.raw('a', 'x', '', { headers })).status).toBe(415);
      expect((await ingest.publish({ topic: 'a', data: 1 }, { headers })).status).toBe(415);
      expect(ingest.messages).toEqual([]);
    },
  );

  it('Content-Encoding identity changes nothing', async () => {
    const ingest = await startIngest();
    expect((await ingest.raw('a', 'x', '', { headers: { 'Content-Encoding': 'Identity' } })).status).toBe(202);
  });
});
