import type { Broker, Interest } from '@tidings/broker';
import { toMatcher } from '@tidings/protocol';
import { overriding } from './broker-stand-in.ts';

/**
 * A broker that feeds as little as the port allows: what is followed, after the place that it named, and not for an
 * instant longer. It takes some turns to come in force, as one does that asks a server.
 */
export function selective(broker: Broker): Broker {
  interface Held {
    readonly tenant: string;
    readonly matches: (topic: string) => boolean;
    from: number;
  }
  const followed = new Set<Held>();
  let turns = 0;

  async function comeInForce(held: Held): Promise<Interest> {
    turns = (turns + 1) % 4;
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    held.from = broker.position();
    return {
      get from() {
        return held.from;
      },
      release: () => void followed.delete(held),
    };
  }

  return overriding(broker, {
    follow({ tenant, patterns }) {
      const held = { tenant, matches: toMatcher(patterns), from: Number.POSITIVE_INFINITY };
      followed.add(held);
      return comeInForce(held);
    },
    openFeed: (sink) =>
      broker.openFeed({
        start: (epoch, head) => sink.start(epoch, head),
        restart(epoch, head) {
          for (const held of followed) if (Number.isFinite(held.from)) held.from = head;
          sink.restart(epoch, head);
        },
        purged: (selection, through) => sink.purged(selection, through),
        message(message, trace) {
          for (const { tenant, matches, from } of followed) {
            const isInForce = message.seq === 0 ? Number.isFinite(from) : message.seq > from;
            if (isInForce && tenant === message.tenant && matches(message.topic)) return sink.message(message, trace);
          }
        },
      }),
  });
}

/** Every test of the edge may be run on such a broker: `TEST_FEED=interest`. */
export const FEED: (broker: Broker) => Broker = process.env.TEST_FEED === 'interest' ? selective : (broker) => broker;
