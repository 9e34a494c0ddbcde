import { createFakeClock } from '@tidings/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createGate, startIngest, textOf, until } from './fixture.ts';

describe('one event as JSON', () => {
  it('section 5: answers 202 with the cursor and the topic, and feeds the event as it was described', async () => {
    const ingest = await startIngest();
    const exclude = '01JABCDEF';
    const event = { topic: 'orders.42', event: 'status', data: { state: 'shipped' }, final: true, exclude, ttl: 60 };
    const answer = await ingest.publish(event);
    expect(answer.status).toBe(202);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({ id: expect.stringMatching(/^[0-9a-z]+\.1\.[0-9a-z]{4}$/), topic: 'orders.42' });
    expect(ingest.messages).toMatchObject([
      { seq: 1, tenant: 'default', topic: 'orders.42', event: 'status', json: true, final: true, exclude },
    ]);
    const [message] = ingest.messages;
    expect(ingest.texts()).toEqual(['{"state":"shipped"}']);
    expect(message?.expiresAtMs).toBe((message?.timeMs ?? 0) + 60_000);
  });

  it('section 5: an event without a name, ttl, final and exclude is plain and kept as long as history is', async () => {
    const ingest = await startIngest();
    await ingest.publish({ topic: 'a', data: 'x' });
    expect(ingest.messages).toMatchObject([
      { event: '', final: false, exclude: '', expiresAtMs: Number.POSITIVE_INFINITY, json: false },
    ]);
  });

  it.each([
    ['a string, as it is', '"a \\"b\\"\\n\\u00e4"', 'a "b"\nä', false],
    ['an empty string', '""', '', false],
    ['null', 'null', 'null', true],
    ['false', 'false', 'false', true],
    ['zero', '0', '0', true],
    ['an object, compact and in its order', '{ "b": [1, 2 ], "a" : "x y" }', '{"b":[1,2],"a":"x y"}', true],
    ['an array', '[ ]', '[]', true],
    ['a number as JavaScript reads it, 2^53+1', '9007199254740993', '9007199254740992', true],
    ['a number as JavaScript reads it, -0', '-0', '0', true],
    ['a number as JavaScript reads it, 1.0', '1.0', '1', true],
    ['a number as JavaScript reads it, 1e999', '[1e999]', '[null]', true],
    ['duplicate keys, of which the last wins', '{"a":1,"a":2}', '{"a":2}', true],
    ['a half of a surrogate pair inside a value, as its escape', '["\\ud800"]', '["\\ud800"]', true],
  ])('section 5: data may be %s', async (_name, data, text, json) => {
    const ingest = await startIngest();
    const answer = await ingest.publish(undefined, { body: `{"topic":"a","data":${data}}` });
    expect(answer.status).toBe(202);
    expect(ingest.texts()).toEqual([text]);
    expect(ingest.messages[0]?.json).toBe(json);
  });

  it('section 5: user is the topic user.<id>, with the pattern characters of the id encoded', async () => {
    const ingest = await startIngest();
    expect((await ingest.publish({ user: 'alice', data: 1 })).body.topic).toBe('user.alice');
    expect((await ingest.publish({ user: 'a.b*>%', data: 1 })).body.topic).toBe('user.a%2Eb%2A%3E%25');
  });

  it.each([
    ['none', { data: 1 }],
    ['topic and topics', { topic: 'a', topics: ['b'], data: 1 }],
    ['topic and user', { topic: 'a', user: 'b', data: 1 }],
    ['topics and user', { topics: ['a'], user: 'b', data: 1 }],
    ['all three', { topic: 'a', topics: ['b'], user: 'c', data: 1 }],
  ])('section 5: exactly one of topic, topics and user is needed, not %s', async (_name, event) => {
    const ingest = await startIngest();
    const { status, body } = await ingest.publish(event);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'invalid-field', pointer: '' });
    expect(ingest.messages).toEqual([]);
  });

  it.each([
    ['data is missing', { topic: 'a' }, 'invalid-field', '/data'],
    ['data has half a surrogate pair', '{"topic":"a","data":"\\ud800"}', 'invalid-field', '/data'],
    ['a name is unknown', { topic: 'a', data: 1, tll: 60 }, 'unknown-field', '/tll'],
    ['an unknown name needs escapes in a pointer', { topic: 'a', data: 1, 'a/b~c': 1 }, 'unknown-field', '/a~1b~0c'],
    ['topic is a number', { topic: 1, data: 1 }, 'invalid-field', '/topic'],
    ['topic is null', { topic: null, data: 1 }, 'invalid-field', '/topic'],
    ['topics is a string', { topics: 'a', data: 1 }, 'invalid-field', '/topics'],
    ['topics has a number', { topics: ['a', 1], data: 1 }, 'invalid-field', '/topics/1'],
    ['topics is empty', { topics: [], data: 1 }, 'invalid-field', '/topics'],
    ['topics has a bad topic', { topics: ['a', 'b..c'], data: 1 }, 'invalid-topic', '/topics/1'],
    ['user is empty', { user: '', data: 1 }, 'invalid-user', '/user'],
    ['user has a space', { user: 'a b', data: 1 }, 'invalid-user', '/user'],
    ['user is too long for a topic', { user: 'a'.repeat(251), data: 1 }, 'invalid-user', '/user'],
    ['event is a number', { topic: 'a', data: 1, event: 1 }, 'invalid-field', '/event'],
    ['event is empty', { topic: 'a', data: 1, event: '' }, 'invalid-event-name', '/event'],
    ['id is empty', { topic: 'a', data: 1, id: '' }, 'invalid-field', '/id'],
    ['id has a line break', { topic: 'a', data: 1, id: 'a\nb' }, 'invalid-field', '/id'],
    ['id has a NUL', { topic: 'a', data: 1, id: 'a\0' }, 'invalid-field', '/id'],
    ['id has 1 KB', { topic: 'a', data: 1, id: 'a'.repeat(1_024) }, 'invalid-field', '/id'],
    ['id is a number', { topic: 'a', data: 1, id: 1 }, 'invalid-field', '/id'],
    ['ttl is -1', { topic: 'a', data: 1, ttl: -1 }, 'invalid-field', '/ttl'],
    ['ttl is 0', { topic: 'a', data: 1, ttl: 0 }, 'invalid-field', '/ttl'],
    ['ttl is 1.5', { topic: 'a', data: 1, ttl: 1.5 }, 'invalid-field', '/ttl'],
    ['ttl is text', { topic: 'a', data: 1, ttl: '60' }, 'invalid-field', '/ttl'],
    ['ttl is 1e12', { topic: 'a', data: 1, ttl: 1e12 }, 'invalid-field', '/ttl'],
    ['ttl is 1e999', '{"topic":"a","data":1,"ttl":1e999}', 'invalid-field', '/ttl'],
    ['ttl is longer than history is kept', { topic: 'a', data: 1, ttl: 86_401 }, 'invalid-field', '/ttl'],
    ['store is text', { topic: 'a', data: 1, store: 'false' }, 'invalid-field', '/store'],
    ['final is a number', { topic: 'a', data: 1, final: 1 }, 'invalid-field', '/final'],
    ['final is not stored', { topic: 'a', data: 1, final: true, store: false }, 'invalid-field', '/final'],
    ['final is on a pattern', { topic: 'a.*', data: 1, final: true }, 'invalid-topic', '/topic'],
    ['exclude is empty', { topic: 'a', data: 1, exclude: '' }, 'invalid-field', '/exclude'],
    ['exclude is no session id', { topic: 'a', data: 1, exclude: 'a b' }, 'invalid-field', '/exclude'],
    ['exclude is long', { topic: 'a', data: 1, exclude: 'a'.repeat(65) }, 'invalid-field', '/exclude'],
    ['the event is a string', '"a"', 'invalid-field', ''],
    ['the event is null', 'null', 'invalid-field', ''],
    ['the event is a number', '1', 'invalid-field', ''],
  ])('section 5: %s: 422 with a pointer, and nothing is stored', async (_name, event, code, pointer) => {
    const ingest = await startIngest();
    const { status, headers, body } = await ingest.publish(event, typeof event === 'string' ? { body: event } : {});
    expect(status).toBe(422);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toEqual({
      type: `urn:tidings:problem:${code}`,
      title: expect.any(String),
      status: 422,
      code,
      detail: expect.any(String),
      pointer,
    });
    expect(ingest.messages).toEqual([]);
  });

  it('a hostile name of a field is echoed, but only its beginning', async () => {
    const ingest = await startIngest();
    const { text } = await ingest.publish({ topic: 'a', data: 1, ['x'.repeat(100_000)]: 1 });
    expect(text.length).toBeLessThan(500);
  });

  it('section 5: ttl may be 1 and the age of the history', async () => {
    const ingest = await startIngest({ maxTtlSec: 600 });
    for (const ttl of [1, 600]) expect((await ingest.publish({ topic: 'a', data: 1, ttl })).status).toBe(202);
    expect((await ingest.publish({ topic: 'a', data: 1, ttl: 601 })).status).toBe(422);
    expect(ingest.messages.map(({ expiresAtMs, timeMs }) => expiresAtMs - timeMs)).toEqual([1_000, 600_000]);
  });

  it('section 5: an event that is not stored is fed without a place, and the answer has no id', async () => {
    const ingest = await startIngest();
    const answer = await ingest.publish({ topic: 'typing', data: 1, store: false, id: 'one' });
    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ topic: 'typing' });
    expect(ingest.messages).toMatchObject([{ seq: 0, topic: 'typing' }]);
  });

  it('section 5: 202 comes only after the broker has the event durably', async () => {
    const gate = createGate();
    const ingest = await startIngest({ wrap: gate.wrap });
    let answered = false;
    const answer = ingest.publish({ topic: 'a', data: 1 }).finally(() => {
      answered = true;
    });
    await until(() => gate.waiting.length === 1);
    // Another request is served to its end meanwhile, so time enough has passed for a wrong answer.
    expect((await ingest.publish({ topic: 'a' })).status).toBe(422);
    expect(answered).toBe(false);
    gate.release();
    expect((await answer).status).toBe(202);
  });

  it('section 5: one payload may have TIDINGS_MAX_EVENT_BYTES as delivered, and not one more', async () => {
    const ingest = await startIngest({ maxEventBytes: 10 });
    for (const data of ['0123456789', 'ääääa1', { a: 'bc' }, '\n'.repeat(10)]) {
      expect((await ingest.publish({ topic: 'a', data })).status).toBe(202);
    }
    for (const data of ['0123456789a', 'äääääa', { a: 'bcde' }]) {
      const { status, body } = await ingest.publish({ topic: 'a', data });
      expect(status).toBe(413);
      expect(body).toMatchObject({ code: 'event-too-large', pointer: '/data' });
    }
    expect(ingest.messages).toHaveLength(4);
  });

  it('section 2: a topic class says how long its events are kept and whether, unless the event does', async () => {
    const classes = { 'typing.*': { store: false }, 'typing.>': { store: true }, 'chat.>': { ttl: 60 } };
    const ingest = await startIngest({ classes, clock: createFakeClock() });
    const keptFor = async (event: object): Promise<number | undefined> => {
      expect((await ingest.publish({ data: 1, ...event })).status).toBe(202);
      const message = ingest.messages.at(-1);
      return message?.seq === 0 ? undefined : (message?.expiresAtMs ?? 0) - (message?.timeMs ?? 0);
    };
    expect(await keptFor({ topic: 'typing.a' })).toBeUndefined();
    expect(await keptFor({ topic: 'typing.a', store: true })).toBe(Number.POSITIVE_INFINITY);
    expect(await keptFor({ topic: 'typing.a.b' })).toBe(Number.POSITIVE_INFINITY);
    expect(await keptFor({ topic: 'chat.a' })).toBe(60_000);
    expect(await keptFor({ topic: 'chat.a', ttl: 5 })).toBe(5_000);
    expect(await keptFor({ topic: 'chat.a', store: false })).toBeUndefined();
    expect(await keptFor({ topic: 'other' })).toBe(Number.POSITIVE_INFINITY);
    expect((await ingest.publish({ topic: 'typing.a', data: 1, final: true })).body.pointer).toBe('/final');
    await ingest.raw('chat.b', 'x');
    expect(ingest.messages.at(-1)).toMatchObject({ expiresAtMs: (ingest.messages.at(-1)?.timeMs ?? 0) + 60_000 });
  });

  it('a query parameter is 422, and access_token twice is 401', async () => {
    const ingest = await startIngest();
    const json = { headers: { 'Content-Type': 'application/json' }, body: '{"topic":"a","data":1}' };
    expect((await ingest.send('/v1/events?ttl=1', json)).body).toMatchObject({
      status: 422,
      code: 'unknown-field',
      parameter: 'ttl',
    });
    expect((await ingest.send('/v1/events?access_token=a&access_token=a', { ...json, token: '' })).status).toBe(401);
    expect(ingest.messages).toEqual([]);
  });

  it('keeps the payload that the broker was given, whatever the next request holds', async () => {
    const ingest = await startIngest();
    for (const letter of ['a', 'b', 'c']) await ingest.raw('t', letter.repeat(1_000));
    expect(ingest.messages.map(textOf)).toEqual(['a', 'b', 'c'].map((letter) => letter.repeat(1_000)));
  });
});
