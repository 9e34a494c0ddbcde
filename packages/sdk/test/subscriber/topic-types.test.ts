import { describe, expectTypeOf, test } from 'vitest';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import type { DataOf } from '../../src/subscriber/topic-types.ts';

interface Order {
  readonly state: 'packed' | 'shipped';
}
interface Topics {
  'orders.*': Order;
  'orders.total': number;
  'chat.>': string;
  'a.*.c': boolean;
}

describe('the type of an event', () => {
  test('is that of its topic, by name or by pattern', () => {
    expectTypeOf<DataOf<Topics, 'orders.42'>>().toEqualTypeOf<Order>();
    expectTypeOf<DataOf<Topics, 'orders.total'>>().toEqualTypeOf<number>();
    expectTypeOf<DataOf<Topics, 'chat.1'>>().toEqualTypeOf<string>();
    expectTypeOf<DataOf<Topics, 'chat.1.2.3'>>().toEqualTypeOf<string>();
    expectTypeOf<DataOf<Topics, 'a.b.c'>>().toEqualTypeOf<boolean>();
    expectTypeOf<DataOf<Topics, 'orders.*'>>().toEqualTypeOf<Order>();
  });

  test('is unknown where nothing matches, or the topic is known only at run time', () => {
    expectTypeOf<DataOf<Topics, 'orders.42.lines'>>().toBeUnknown();
    expectTypeOf<DataOf<Topics, 'chat'>>().toBeUnknown();
    expectTypeOf<DataOf<Topics, 'a.b.d'>>().toBeUnknown();
    expectTypeOf<DataOf<Topics, string>>().toBeUnknown();
    expectTypeOf<DataOf<object, 'a'>>().toBeUnknown();
  });

  test('is known for a topic of which only a part is, too', () => {
    const subscribe = (id: string): void => {
      const tidings = createTidings<Topics>({ url: 'http://127.0.0.1' });
      tidings.subscribe(`orders.${id}`, ({ data }) => expectTypeOf(data).toEqualTypeOf<Order | number>());
      tidings.subscribe('orders.*', ({ data }) => expectTypeOf(data.state).toEqualTypeOf<'packed' | 'shipped'>());
      tidings.subscribe('orders.total', ({ data }) => expectTypeOf(data).toEqualTypeOf<number>());
    };
    expectTypeOf(subscribe).toBeFunction();
  });
});
