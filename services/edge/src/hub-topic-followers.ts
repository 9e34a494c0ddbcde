import type { HubTopicDemand } from '@tidings/control';
import { HUB_TOPICS, type HubTopic, isHubTopic } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import type { Router, Subscriber } from './router.ts';

/** The tenants whose admins follow the hub's own topics here; everybody is told of them, again and again. */
export interface HubTopicFollowers {
  /** The same router, with an eye on who names such a topic. */
  watch<Member extends Subscriber>(router: Router<Member>): Router<Member>;
  has(topic: HubTopic, tenant: string): boolean;
  tenantsOf(topic: HubTopic): readonly string[];
}

export interface HubTopicFollowersOptions {
  readonly demand: HubTopicDemand;
  readonly clock: Clock;
  /** Runs once a second while anybody follows anything. */
  readonly onSecond: () => void;
}

const PERIOD_MS = 1_000;

export function createHubTopicFollowers({ demand, clock, onSecond }: HubTopicFollowersOptions): HubTopicFollowers {
  /** Streams, by topic and tenant. */
  const streams = new Map<HubTopic, Map<string, number>>(HUB_TOPICS.map((topic) => [topic, new Map()]));
  const countsOf = (topic: HubTopic): Map<string, number> => streams.get(topic) as Map<string, number>;
  let ticking = false;

  function tick(): void {
    ticking = HUB_TOPICS.some((topic) => countsOf(topic).size > 0);
    if (!ticking) return;
    clock.after(PERIOD_MS, tick);
    for (const topic of HUB_TOPICS) demand.announce(topic, [...countsOf(topic).keys()]);
    onSecond();
  }

  function change({ topics, tenant }: Subscriber, by: 1 | -1): void {
    for (const topic of topics) {
      if (!isHubTopic(topic)) continue;
      const counts = countsOf(topic);
      const before = counts.get(tenant) ?? 0;
      if (before + by > 0) counts.set(tenant, before + by);
      else counts.delete(tenant);
      // At once: what happens in the first second counts too.
      if (before === 0) demand.announce(topic, [tenant]);
      if (ticking) continue;
      ticking = true;
      clock.after(PERIOD_MS, tick);
    }
  }

  return {
    watch: (router) => ({
      ...router,
      add(subscriber) {
        change(subscriber, 1);
        router.add(subscriber);
      },
      remove(subscriber) {
        change(subscriber, -1);
        router.remove(subscriber);
      },
    }),
    has: (topic, tenant) => countsOf(topic).has(tenant),
    tenantsOf: (topic) => [...countsOf(topic).keys()],
  };
}
