import type { Broker, FeedSink } from '@tidings/broker';
import { createMemoryBroker } from '@tidings/broker/memory';
import type { Message } from '@tidings/protocol';

/** A broker of which a test changes some methods. */
export function overriding(broker: Broker, parts: Partial<Broker>): Broker {
  // The epoch is a getter: spreading would freeze it.
  return Object.defineProperty({ ...broker, ...parts }, 'epoch', { get: () => parts.epoch ?? broker.epoch });
}

/** Holds calls until the test lets them go. */
export interface Gate {
  /** Calls that wait, or that waited. */
  readonly asked: number;
  pass(): Promise<void>;
  release(): void;
}

export function createGate(): Gate {
  let asked = 0;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  return {
    get asked() {
      return asked;
    },
    pass() {
      asked += 1;
      return released;
    },
    release: () => release(),
  };
}

/** A feed that reaches this edge later than others. */
export interface HeldFeed {
  readonly wrap: (broker: Broker) => Broker;
  hold(): void;
  /** Feeds what was held, and holds no more. */
  release(): void;
  /** Feeds on after what was held, as a broker does whose history was evicted before it could be fed. */
  lose(): void;
}

export function createHeldFeed(): HeldFeed {
  const held: (() => void)[] = [];
  let holding = false;
  let fed = 0;
  let restart: (head: number) => void;
  let last = 0;
  return {
    wrap: (broker) =>
      overriding(broker, {
        position: () => fed,
        openFeed(sink) {
          restart = (head) => sink.restart(broker.epoch, head);
          const feed = (message: Message): void => {
            sink.message(message);
            fed = Math.max(fed, message.seq);
          };
          return broker.openFeed({
            start: (epoch, head) => sink.start(epoch, head),
            restart: (epoch, head) => sink.restart(epoch, head),
            purged: (selection, through) => sink.purged(selection, through),
            message(message) {
              last = Math.max(last, message.seq);
              if (holding) held.push(() => feed(message));
              else feed(message);
            },
          });
        },
      }),
    hold() {
      holding = true;
    },
    release() {
      holding = false;
      for (const feed of held.splice(0)) feed();
    },
    lose() {
      holding = false;
      held.length = 0;
      fed = last;
      restart(last);
    },
  };
}

/** A log that can be lost and begun anew behind the back of its edge. */
export interface RecreatableLog {
  readonly wrap: (broker: Broker) => Broker;
  /** Replaces the log by one of another epoch, in which `before` has been published; the feed is restarted. */
  recreate(before?: (broker: Broker) => Promise<unknown>): Promise<void>;
}

export function createRecreatableLog(): RecreatableLog {
  let current: Broker | undefined;
  let sink: FeedSink | undefined;
  const now = (): Broker => current as Broker;

  return {
    wrap(first) {
      current = first;
      return {
        get epoch() {
          return now().epoch;
        },
        get schedules() {
          return now().schedules;
        },
        open: () => now().open(),
        publish: (input) => now().publish(input),
        openFeed(feedSink) {
          sink = feedSink;
          return now().openFeed(feedSink);
        },
        follow: (selection) => now().follow(selection),
        position: () => now().position(),
        bounds: () => now().bounds(),
        history: (selection, range, signal) => now().history(selection, range, signal),
        latest: (selection, range, signal) => now().latest(selection, range, signal),
        startOf: (selection, start, upTo, signal) => now().startOf(selection, start, upTo, signal),
        purge: (selection) => now().purge(selection),
        health: () => now().health(),
        close: () => now().close(),
      };
    },
    async recreate(before = async () => {}) {
      const next = createMemoryBroker({ maxBytes: 2 ** 28, maxAgeMs: 86_400_000 });
      await next.open();
      await before(next);
      current = next;
      const feed = sink as FeedSink;
      await next.openFeed({
        start: (epoch, head) => feed.restart(epoch, head),
        message: (message) => feed.message(message),
        restart: (epoch, head) => feed.restart(epoch, head),
        purged: (selection, through) => feed.purged(selection, through),
      });
    },
  };
}

/** Some events of one topic, for a broker that has no edge yet. */
export const publishing =
  (topic: string, count: number) =>
  async (broker: Broker): Promise<void> => {
    for (let place = 0; place < count; place += 1) {
      await broker.publish({
        tenant: 'default',
        topic,
        event: '',
        data: Buffer.from(`before ${place}`),
        json: false,
        final: false,
        exclude: '',
        store: true,
        id: '',
        ttlSec: 0,
      });
    }
  };
