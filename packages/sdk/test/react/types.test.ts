import { type RegisteredTopics, TidingsProvider, useTidings, useTopic } from '@tidings/sdk/react';
import type { HubError, Tidings, TidingsEvent } from '@tidings/sdk/subscriber';
import { createElement } from 'react';
import { describe, expectTypeOf, test } from 'vitest';

interface Order {
  readonly state: 'packed' | 'shipped';
}

type Topics = { 'orders.*': Order; 'chat.>': string };

declare module '@tidings/sdk/react' {
  interface Register {
    tidings: Tidings<Topics>;
  }
}

// Types alone: it is never called.
function useAll(id: string, isOn: boolean, plain: Tidings): unknown {
  expectTypeOf(useTopic('orders.42').latest).toEqualTypeOf<TidingsEvent<Order> | undefined>();
  expectTypeOf(useTopic(`orders.${id}`, { limit: 3 }).events).toEqualTypeOf<readonly TidingsEvent<Order>[]>();
  expectTypeOf(useTopic(isOn ? 'chat.a.b' : undefined).events[0]?.data).toEqualTypeOf<string | undefined>();
  expectTypeOf(useTopic('elsewhere').latest?.data).toBeUnknown();
  expectTypeOf(useTopic(id).latest?.data).toBeUnknown();
  expectTypeOf(useTopic('chat.a').status).toEqualTypeOf<'idle' | 'pending' | 'live' | 'ended'>();
  expectTypeOf(useTopic('chat.a').error).toEqualTypeOf<HubError | undefined>();
  useTopic('orders.42', ({ data }) => expectTypeOf(data).toEqualTypeOf<Order>(), { replay: 'last' });
  expectTypeOf(useTopic('orders.42', () => {})).not.toHaveProperty('events');
  // @ts-expect-error a handler keeps no events, so there is no limit of them.
  useTopic('orders.42', () => {}, { limit: 3 });
  // @ts-expect-error the end of a component is what unsubscribes.
  useTopic('orders.42', { signal: AbortSignal.abort() });
  expectTypeOf(useTidings()).toEqualTypeOf<Tidings<Topics>>();
  createElement(TidingsProvider, { value: plain });
  // @ts-expect-error a provider gives a client.
  return createElement(TidingsProvider, { value: {} });
}

describe('the types of the hooks', () => {
  test('are those of the registered client', () => {
    expectTypeOf(useAll).toBeFunction();
    expectTypeOf<RegisteredTopics>().toEqualTypeOf<Topics>();
  });

  test('know of no topics before a client is registered', () => {
    expectTypeOf<RegisteredTopics<object>>().toEqualTypeOf<Record<string, unknown>>();
  });
});
