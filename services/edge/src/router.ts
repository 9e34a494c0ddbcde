import { createPatternTrie, isWildcard, type PatternTrie } from '@tidings/protocol';
import type { Item } from './item.ts';

/** Who gets live items of its topics. */
export interface Subscriber {
  readonly tenant: string;
  /** Topics and patterns. */
  readonly topics: readonly string[];
  /**
   * Called once for each of its topics and patterns that match. Answers whether it took the item: it drops what it was
   * given already, and what it must not get.
   */
  deliver(item: Item): boolean;
}

/**
 * Finds the subscribers of an item: a map for plain topics, a trie for patterns, both by tenant.
 *
 * Cost of an item: one look-up where its tenant has nobody here, two where nobody has its topic and nobody a pattern.
 * Patterns add one function, and look-ups as far down as the topic and any pattern agree. Beyond that it is what each
 * subscriber makes of it.
 */
export interface Router<Member extends Subscriber = Subscriber> {
  add(subscriber: Member): void;
  remove(subscriber: Member): void;
  /** Delivers to everyone who wants it, in this turn; answers how many took it. */
  route(item: Item): number;
  /** The same for an item of the hub's own: to everyone who names its topic, for no pattern matches that. */
  routeByName(item: Item): number;
  /** Everyone who would get an item of this topic, each once. */
  subscribersOf(tenant: string, topic: string): ReadonlySet<Member>;
}

interface Tenant<Member> {
  readonly plain: Map<string, Set<Member>>;
  readonly patterns: PatternTrie<Member>;
  /** Entries in both, so that an empty tenant is dropped. */
  entries: number;
}

export function createRouter<Member extends Subscriber>(): Router<Member> {
  const tenants = new Map<string, Tenant<Member>>();

  function addPlain(plain: Tenant<Member>['plain'], topic: string, subscriber: Member): void {
    const subscribers = plain.get(topic);
    if (subscribers === undefined) plain.set(topic, new Set([subscriber]));
    else subscribers.add(subscriber);
  }

  function removePlain(plain: Tenant<Member>['plain'], topic: string, subscriber: Member): void {
    const subscribers = plain.get(topic);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0) plain.delete(topic);
  }

  return {
    add(subscriber) {
      let tenant = tenants.get(subscriber.tenant);
      if (tenant === undefined) {
        tenant = { plain: new Map(), patterns: createPatternTrie(), entries: 0 };
        tenants.set(subscriber.tenant, tenant);
      }
      tenant.entries += subscriber.topics.length;
      for (const topic of subscriber.topics) {
        if (isWildcard(topic)) tenant.patterns.add(topic, subscriber);
        else addPlain(tenant.plain, topic, subscriber);
      }
    },
    remove(subscriber) {
      const tenant = tenants.get(subscriber.tenant);
      if (tenant === undefined) return;
      tenant.entries -= subscriber.topics.length;
      for (const topic of subscriber.topics) {
        if (isWildcard(topic)) tenant.patterns.remove(topic, subscriber);
        else removePlain(tenant.plain, topic, subscriber);
      }
      if (tenant.entries === 0) tenants.delete(subscriber.tenant);
    },
    route(item) {
      const tenant = tenants.get(item.tenant);
      if (tenant === undefined) return 0;
      let taken = 0;
      const subscribers = tenant.plain.get(item.topic);
      if (subscribers !== undefined) for (const subscriber of subscribers) if (subscriber.deliver(item)) taken += 1;
      // Most topics are asked for by name: then nothing is made or looked up for patterns.
      if (tenant.patterns.isEmpty) return taken;
      tenant.patterns.match(item.topic, (subscriber) => {
        if (subscriber.deliver(item)) taken += 1;
      });
      return taken;
    },
    routeByName(item) {
      let taken = 0;
      for (const subscriber of tenants.get(item.tenant)?.plain.get(item.topic) ?? []) {
        if (subscriber.deliver(item)) taken += 1;
      }
      return taken;
    },
    subscribersOf(name, topic) {
      const tenant = tenants.get(name);
      const found = new Set(tenant?.plain.get(topic));
      tenant?.patterns.match(topic, (subscriber) => void found.add(subscriber));
      return found;
    },
  };
}
