import { covers, type Message } from '@tidings/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Item } from '../src/item.ts';
import { createRouter, type Subscriber } from '../src/router.ts';

function itemOf(topic: string, tenant = 'default'): Item {
  const message: Message = {
    seq: 1,
    tenant,
    topic,
    event: '',
    data: Buffer.from('x'),
    json: false,
    final: false,
    exclude: '',
    timeMs: 0,
    expiresAtMs: Number.POSITIVE_INFINITY,
  };
  return new Item(message, 'epoch');
}

interface Recorder extends Subscriber {
  readonly got: string[];
}

/** Takes each item once, as a session does. */
function recorder(topics: readonly string[], tenant = 'default'): Recorder {
  const got: string[] = [];
  let last = 0;
  return {
    tenant,
    topics,
    got,
    deliver(item) {
      if (item.ordinal === last) return false;
      last = item.ordinal;
      got.push(item.topic);
      return true;
    },
  };
}

describe('a router', () => {
  it('knows everyone who would get a topic, each once, and nobody of another tenant', () => {
    const router = createRouter();
    const members = [
      recorder(['a.b']),
      recorder(['a.*', 'a.b', '>']),
      recorder(['b']),
      recorder(['a.b'], 'acme'),
      recorder(['a.>']),
    ] as const;
    for (const member of members) router.add(member);
    router.remove(members[4]);
    expect([...router.subscribersOf('default', 'a.b')]).toEqual([members[0], members[1]]);
    expect([...router.subscribersOf('default', 'b')]).toEqual([members[2], members[1]]);
    expect([...router.subscribersOf('nobody', 'a.b')]).toEqual([]);
  });

  it('delivers to exactly those whose topics cover the item, in their tenant, and counts who took it', () => {
    const name = fc.constantFrom('a', 'a.b', 'a.b.c', 'b', 'b.c');
    const wanted = fc.constantFrom('a', 'a.b', 'a.*', 'a.>', '>', '*', '*.b', 'b.c', '*.*.c');
    const subscribers = fc.array(
      fc.record({
        tenant: fc.constantFrom('one', 'two'),
        topics: fc.uniqueArray(wanted, { minLength: 1, maxLength: 4 }),
        removed: fc.boolean(),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(
        subscribers,
        fc.array(fc.tuple(name, fc.constantFrom('one', 'two')), { maxLength: 10 }),
        (wishes, events) => {
          const router = createRouter();
          const recorders = wishes.map(({ tenant, topics }) => recorder(topics, tenant));
          for (const each of recorders) router.add(each);
          for (const [place, each] of recorders.entries()) if (wishes[place]?.removed) router.remove(each);
          for (const [topic, tenant] of events) {
            const takers = recorders.filter(
              (each, place) =>
                !wishes[place]?.removed &&
                each.tenant === tenant &&
                each.topics.some((pattern) => covers(pattern, topic)),
            );
            expect(router.route(itemOf(topic, tenant))).toBe(takers.length);
          }
          for (const [place, each] of recorders.entries()) {
            const mine = events.filter(
              ([topic, tenant]) => tenant === each.tenant && each.topics.some((pattern) => covers(pattern, topic)),
            );
            expect(each.got).toEqual(wishes[place]?.removed ? [] : mine.map(([topic]) => topic));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('holds nothing back when a subscriber leaves while an item is delivered', () => {
    const router = createRouter();
    const others = Array.from({ length: 5 }, () => recorder(['a', 'a.*', '*']));
    const leaver: Subscriber = {
      tenant: 'default',
      topics: ['a', '*'],
      deliver() {
        router.remove(leaver);
        return true;
      },
    };
    router.add(others[0] as Subscriber);
    router.add(leaver);
    for (const other of others.slice(1)) router.add(other);
    expect(router.route(itemOf('a'))).toBe(6);
    expect(router.route(itemOf('a'))).toBe(5);
    for (const other of others) expect(other.got).toEqual(['a', 'a']);
  });

  it('keeps a tenant for as long as anyone of it is there', () => {
    const router = createRouter();
    const [one, two] = [recorder(['a', 'b.*']), recorder(['a'])];
    router.add(one);
    router.add(two);
    router.remove(one);
    expect(router.route(itemOf('a'))).toBe(1);
    router.remove(two);
    expect(router.route(itemOf('a'))).toBe(0);
    router.remove(two);
    router.add(one);
    expect(router.route(itemOf('b.c'))).toBe(1);
  });
});
