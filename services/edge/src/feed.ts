import type { Broker, FeedSink, Selection } from '@tidings/broker';
import { createTopicLog, readHistory, type TopicLog } from '@tidings/broker/log';
import type { Clock, Metrics } from '@tidings/runtime';
import type { FlushQueue } from './flush-queue.ts';
import { Item } from './item.ts';
import type { Router } from './router.ts';

/** The edge's end of the broker's feed: keeps recent items in the ring and routes each one as it comes. */
export interface Feed {
  readonly epoch: string;
  /** The newest place that was fed. */
  readonly position: number;
  /** Recent items; from `ring.first` on it has everything. */
  readonly ring: TopicLog<Item>;
}

export interface FeedOptions {
  readonly broker: Broker;
  readonly router: Router;
  readonly flushes: FlushQueue;
  readonly ringMaxBytes: number;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The log was recreated: every position of an open stream is of the old one. */
  readonly onRestart: () => void;
}

/** Opens the feed; resolves when it has started. */
export async function openFeed(options: FeedOptions): Promise<Feed> {
  const { broker, router, flushes, metrics, clock } = options;
  const limits = { maxBytes: options.ringMaxBytes, maxAgeMs: Number.POSITIVE_INFINITY };
  let epoch = '';
  let ring = createTopicLog<Item>(limits);

  const sink: FeedSink = {
    start(newEpoch, head) {
      epoch = newEpoch;
      ring = createTopicLog<Item>(limits, head);
    },
    message(message) {
      const item = new Item(message, epoch);
      if (item.seq > 0) ring.append(item);
      const deliveries = router.route(item);
      metrics.fanoutSize.observe(deliveries);
      if (deliveries > 0) {
        metrics.eventsDelivered.inc(deliveries);
        flushes.afterFlush(() => metrics.deliveryLatencySeconds.observe(Math.max(0, clock.now() - item.timeMs) / 1000));
      }
      if (item.seq > 0) ring.evict(clock.now());
    },
    restart(newEpoch, head) {
      sink.start(newEpoch, head);
      options.onRestart();
    },
    purged(selection, through) {
      forget(ring, selection, through, () => clock.now());
    },
  };
  await broker.openFeed(sink);

  return {
    get epoch() {
      return epoch;
    },
    get position() {
      return ring.last;
    },
    get ring() {
      return ring;
    },
  };
}

function forget(ring: TopicLog<Item>, selection: Selection, through: number, now: () => number): void {
  const range = { after: ring.first - 1, upTo: through };
  const places: number[] = [];
  for (const { entries } of readHistory(ring, selection, range, now)) places.push(...entries.map((item) => item.seq));
  for (const seq of places) ring.remove(seq);
}
