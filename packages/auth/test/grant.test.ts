import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Grant, mayPublish, maySubscribe, personalTopics } from '../src/grant.ts';

function grant(some: Partial<Grant>): Grant {
  return { ...ANONYMOUS, expiresAtSec: 1, ...some };
}

describe('maySubscribe', () => {
  it.each([
    [['orders.*'], 'orders.42', true],
    [['orders.*'], 'orders.*', true],
    [['orders.*'], 'orders.>', false],
    [['orders.*'], 'orders.42.items', false],
    [['chat.>'], 'chat.a.*', true],
    [['chat.>'], 'chat', false],
    [['a.*', 'a.*.>'], 'a.>', false],
    [['>'], 'anything.at.all', true],
    [['>'], '$hub.audit', false],
    [['$hub.audit'], '$hub.audit', false],
    [['$hub.>'], '$hub.metrics', false],
    [['a.>'], 'a..b', false],
    [[], 'orders.42', false],
  ])('section 3: with %j the subscription %s is %s', (subscribe, pattern, expected) => {
    expect(maySubscribe(grant({ subscribe }), pattern)).toBe(expected);
  });

  it.each([
    ['a', 'user.a', true],
    ['a', 'user.a.b', true],
    ['a', 'user.a.>', true],
    ['a', 'user.*', false],
    ['a', 'user.>', false],
    ['a', 'user.ab', false],
    ['a', 'user.a%2Eb', false],
    ['a.b', 'user.a.b', false],
    ['a.b', 'user.a%2Eb', true],
    ['*', 'user.alice', false],
    ['*', 'user.%2A', true],
    ['*', 'user.*', false],
    ['>', 'user.alice', false],
    ['>', 'user.%3E', true],
    ['😀', 'user.😀', true],
    ['😀', 'user.alice', false],
    ['a b', 'user.a b', false],
    [undefined, 'user.undefined', false],
  ])('section 2: user %j subscribing to %s is %s', (user, pattern, expected) => {
    expect(maySubscribe(grant({ user }), pattern)).toBe(expected);
  });

  it('grants no topic to an admin as such', () => {
    expect(maySubscribe(grant({ admin: true }), 'orders.42')).toBe(false);
  });

  it.each([
    ['$hub.audit', true],
    ['$hub.metrics', true],
    ['$hub.other', false],
    ['$hub.*', false],
    ['$hub.>', false],
    ['$hub.audit.more', false],
  ])(
    'section 2: an admin may subscribe to two of the hub\u2019s own topics, by name, and nobody else to any: %s is %s',
    (topic, expected) => {
      expect(maySubscribe(grant({ admin: true }), topic)).toBe(expected);
      expect(maySubscribe(grant({ subscribe: ['>', topic] }), topic)).toBe(false);
    },
  );

  it('does not take the right to publish for the right to subscribe', () => {
    expect(maySubscribe(grant({ publish: ['>'] }), 'orders.42')).toBe(false);
  });
});

describe('mayPublish', () => {
  it.each([
    [['orders.>'], 'orders.42', true],
    [['orders.>'], 'orders.*', false],
    [['orders.>'], 'orders', false],
    [['>'], '$hub.audit', false],
    [['$hub.audit'], '$hub.audit', false],
    [[], 'orders.42', false],
  ])('section 3: with %j publishing to %s is %s', (publish, topic, expected) => {
    expect(mayPublish(grant({ publish }), topic)).toBe(expected);
  });

  it('gives neither a user its personal topics to write, nor an admin any', () => {
    expect(mayPublish(grant({ user: 'alice', admin: true, subscribe: ['>'] }), 'user.alice')).toBe(false);
  });
});

describe('personalTopics', () => {
  it('section 4: are the default subscription of a user, encoded', () => {
    expect(personalTopics(grant({ user: 'a.b' }))).toEqual(['user.a%2Eb', 'user.a%2Eb.>']);
  });

  it.each([undefined, 'a b', 'a\n', 'x'.repeat(251), '\ud800'])('are undefined for the user %j', (user) => {
    expect(personalTopics(grant({ user }))).toBeUndefined();
    expect(maySubscribe(grant({ user }), `user.${user}`)).toBe(false);
  });

  it('leave out the wildcard where the id is so long that nothing fits below it', () => {
    expect(personalTopics(grant({ user: 'x'.repeat(250) }))).toEqual([`user.${'x'.repeat(250)}`]);
    expect(personalTopics(grant({ user: 'x'.repeat(248) }))).toHaveLength(2);
  });
});

it('the anonymous grant allows nothing and never ends', () => {
  expect(maySubscribe(ANONYMOUS, 'a')).toBe(false);
  expect(mayPublish(ANONYMOUS, 'a')).toBe(false);
  expect(ANONYMOUS).toMatchObject({ tenant: 'default', admin: false, expiresAtSec: Number.POSITIVE_INFINITY });
});
