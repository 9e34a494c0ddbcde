import { describe, expect, test } from 'vitest';
import { EMPTY_FORM, type EventForm, fieldOf, findFaults, toEventBody } from '../src/page/publish/event-form.ts';
import { describeResults } from '../src/page/publish/publish-history.ts';

const FINE: EventForm = { ...EMPTY_FORM, topic: 'orders.42', data: 'text' };

describe('the form of an event', () => {
  test('becomes the body of a request, with what was filled in alone', () => {
    expect(findFaults(FINE)).toEqual({});
    expect(toEventBody(FINE)).toEqual({ topic: 'orders.42', data: 'text' });
    const all: EventForm = {
      target: 'topics',
      topic: 'not this',
      topics: 'a.b\r\nc\n',
      user: 'nor this',
      event: 'status',
      format: 'json',
      data: ' {"a": [1]} ',
      id: 'key',
      ttl: '060',
      store: false,
      final: false,
      exclude: '01J-a_b',
    };
    expect(findFaults(all)).toEqual({});
    expect(toEventBody(all)).toEqual({
      topics: ['a.b', 'c'],
      event: 'status',
      data: { a: [1] },
      id: 'key',
      ttl: 60,
      store: false,
      exclude: '01J-a_b',
    });
    expect(toEventBody({ ...FINE, target: 'user', user: 'a.b', final: true })).toEqual({
      user: 'a.b',
      data: 'text',
      final: true,
    });
  });

  test.each<[keyof EventForm, Partial<EventForm>, string]>([
    ['topic', { topic: '' }, 'Name a topic.'],
    ['topic', { topic: 'a..b' }, 'The topic has an empty token at place 2.'],
    ['topic', { topic: '$hub.audit' }, 'Topics that start with $ belong to the hub.'],
    ['topic', { topic: 'ü'.repeat(128) }, 'The topic is longer than 255 bytes.'],
    ['topics', { target: 'topics', topics: 'a\nb *' }, 'Topic 2: The topic has an illegal token at place 1.'],
    ['topics', { target: 'topics', topics: 'a\n'.repeat(101) }, '101 topics: there may be 100.'],
    ['user', { target: 'user', user: 'a b' }, 'A user id is'],
    ['event', { event: 'hub.bye' }, 'The event name starts with hub.'],
    ['data', { format: 'json', data: '{"a":\n}' }, 'Line 2, column 1: expected a value.'],
    ['data', { data: '\ud800' }, 'lone surrogate'],
    ['data', { data: 'x'.repeat(1_000_001) }, 'no hub takes more than 1000000'],
    ['id', { id: 'x'.repeat(256) }, 'No more than 255'],
    ['id', { id: 'a\tb' }, 'No control characters'],
    ['ttl', { ttl: '0' }, 'Whole seconds'],
    ['ttl', { ttl: '1.5' }, 'Whole seconds'],
    ['final', { final: true, store: false }, 'must be stored'],
    ['exclude', { exclude: 'a.b' }, 'no id of a session'],
  ])('has a fault at %s for %j', (field, change, fault) => {
    expect(findFaults({ ...FINE, ...change })).toEqual({ [field]: expect.stringContaining(fault) });
  });

  test('shows what the hub says at the field that its pointer names', () => {
    expect(['/ttl', '/topics/3', '', '/constructor', undefined].map(fieldOf)).toEqual([
      'ttl',
      'topics',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('what became of an event is a sentence for each topic', () => {
  const problem = { code: 'forbidden', detail: 'Not yours.' };
  const results = [
    { topic: 'a', id: '1' },
    { topic: 'b', id: '2', duplicate: true },
    { topic: 'c', problem },
  ];
  expect(describeResults({ ok: true, status: 207, body: { results } })).toEqual([
    'a: stored as 1 (207)',
    'b: stored before as 2, a duplicate',
    'c: refused, Not yours. (forbidden)',
  ]);
  expect(describeResults({ ok: true, status: 202, body: { topic: 'a' } })).toEqual(['a: sent, and not stored (202)']);
});
