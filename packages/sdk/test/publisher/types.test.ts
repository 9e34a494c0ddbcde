import { expectTypeOf, test } from 'vitest';
import type { Published, Publisher, PublishResult, TopicWriter } from '../../src/publisher/index.ts';

interface Order {
  readonly state: 'packed' | 'shipped';
}

interface Topics {
  'orders.*': Order;
  'log.>': string;
  counter: number;
}

// Compiled and never run: what must not compile says so.
function usage(publisher: Publisher<Topics>, plain: Publisher, topic: string, tokens: AsyncIterable<string>): void {
  expectTypeOf(publisher.publish('orders.42', { state: 'shipped' })).resolves.toEqualTypeOf<Published>();
  // @ts-expect-error the data of another topic
  publisher.publish('orders.42', 'shipped');
  // @ts-expect-error a state that no order has
  publisher.publish('orders.42', { state: 'lost' });
  publisher.publish(`log.${topic}`, 'a line');
  // @ts-expect-error the data of another topic, whose name is known in part
  publisher.publish(`log.${topic}`, 1);
  publisher.publish('elsewhere', { anything: true });
  publisher.publish(topic, 1);
  plain.publish('orders.42', 7, { event: 'status', ttl: undefined });

  expectTypeOf(
    publisher.publishMany([
      { topic: 'orders.1', data: { state: 'packed' } },
      { topic: 'counter', data: 1, id: 'one' },
      { topics: ['a', 'b'], data: null },
      { user: 'alice', data: 'hi' },
    ]),
  ).resolves.toEqualTypeOf<PublishResult[]>();
  publisher.publishMany([
    { topic: 'orders.1', data: { state: 'packed' } },
    // @ts-expect-error an order where the counter is
    { topic: 'counter', data: { state: 'packed' } },
  ]);
  publisher.publishMany([1, 2].map((number) => ({ topic: `orders.${number}`, data: number })));
  plain.publishMany([{ topic: 'a', data: 1 }]);

  expectTypeOf(publisher.stream('log.build.1')).toEqualTypeOf<TopicWriter<string>>();
  publisher.pipe('log.build.1', tokens);
  // @ts-expect-error a source of something else
  publisher.pipe('orders.42', tokens);
}

test('the types of a publisher follow its map of topics', () => {
  expectTypeOf(usage).toBeFunction();
});
