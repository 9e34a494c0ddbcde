import type { Broker, FeedSink } from '@tidings/broker';
import { createTopicLog, removeSelected, type TopicLog } from '@tidings/broker/log';
import type { TenantTallies } from '@tidings/control';
import { encodeCursor } from '@tidings/protocol';
import type { Clock, Metrics } from '@tidings/runtime';
import type { DeliverySpans } from './delivery-spans.ts';
import type { FlushQueue } from './flush-queue.ts';
import { Item } from './item.ts';
import { createRecentErasures, type RecentErasures } from './recent-erasures.ts';
import type { Router } from './router.ts';

/** The edge's end of the broker's feed: keeps recent items in the ring and routes each one as it comes. */
export interface Feed {
  readonly epoch: string;
  /** The newest place that was passed: at `ring.last`, or after it where nothing is stored any more. */
  readonly position: number;
  /** Recent items; from `ring.first` on it has everything that was fed. */
  readonly ring: TopicLog<Item>;
  /** What may stand in a page that was read before. */
  readonly erasures: Pick<RecentErasures, 'count' | 'mayHide'>;
}

/** The cursor text of a place on this feed. */
export function cursorOf(feed: Feed, position: number): string {
  return encodeCursor(feed.epoch, position);
}

export interface FeedOptions {
  readonly broker: Broker;
  readonly router: Pick<Router, 'route'>;
  readonly flushes: FlushQueue;
  readonly ringMaxBytes: number;
  readonly metrics: Metrics;
  readonly tallies: TenantTallies;
  readonly clock: Clock;
  /** `undefined`: nothing is traced. */
  readonly spans: DeliverySpans | undefined;
  /**
   * The feed began anew, and nothing that lies before its head can be counted on: history left before it was fed
   * (`expired`), or the log is another one, or was written anew from some place (`reset`).
   */
  readonly onRestart: (oldEpoch: string, reason: 'expired' | 'reset') => void;
}

/**
 * Opens the feed; resolves when it has started.
 *
 * Cost of an event that nobody here wants: the item, its entry in the ring and the eviction of an older one, the router's
 * look-up, and one count. No clock is asked: an event brings its time. One that somebody gets adds a count and a number
 * that waits for the flush, and a look at whether any tenant's metrics are followed; each turn in which there was one adds
 * one function. Whether it comes with a span is one look.
 */
export async function openFeed(options: FeedOptions): Promise<Feed> {
  const { broker, router, flushes, metrics, tallies, clock, spans } = options;
  const limits = { maxBytes: options.ringMaxBytes, maxAgeMs: Number.POSITIVE_INFINITY };
  let epoch = '';
  let ring = createTopicLog<Item>(limits);
  const erasures = createRecentErasures();
  // The newest place that anybody was told of: cursors stand there, though nothing that is fed here need.
  let told = 0;

  // When the events were published that go out with the next flush.
  let timesMs: number[] = [];

  function noteDelivered(deliveries: number, timeMs: number): void {
    metrics.eventsDelivered.inc(deliveries);
    if (timesMs.length === 0) flushes.afterFlush(observeLatencies);
    timesMs.push(timeMs);
  }

  function observeLatencies(): void {
    const flushed = timesMs;
    timesMs = [];
    const nowMs = clock.now();
    if (tallies.active) tallies.flushed(nowMs);
    for (const timeMs of flushed) metrics.deliveryLatencySeconds.observe(Math.max(0, nowMs - timeMs) / 1000);
  }

  const sink: FeedSink = {
    start(newEpoch, head) {
      epoch = newEpoch;
      told = 0;
      ring = createTopicLog<Item>(limits, head);
    },
    message(message, trace) {
      const span = trace === undefined ? undefined : spans?.begin(message, epoch, trace);
      const item = new Item(message, epoch);
      const isStored = message.seq > 0;
      if (isStored) ring.append(item);
      const deliveries = router.route(item);
      metrics.fanoutSize.observe(deliveries);
      span?.routed(deliveries);
      if (deliveries > 0) {
        noteDelivered(deliveries, message.timeMs);
        if (tallies.active) tallies.delivered(message.tenant, deliveries, message.timeMs);
      }
      // Its own time is late enough to tell what is too old: whoever reads the ring passes over what expired since.
      if (isStored) ring.evict(message.timeMs);
    },
    restart(newEpoch, head) {
      const oldEpoch = epoch;
      // The same log from a later place lost what was not fed; any other beginning makes every place a new one.
      const reason = newEpoch === epoch && head >= Math.max(ring.last, told) ? 'expired' : 'reset';
      sink.start(newEpoch, head);
      options.onRestart(oldEpoch, reason);
    },
    purged(selection, through) {
      // At once: whoever is told of a purge must not find it in the ring any more.
      for (const _turn of removeSelected(ring, selection, through));
      erasures.add(selection, through);
    },
  };
  await broker.openFeed(sink);

  return {
    get epoch() {
      return epoch;
    },
    get position() {
      // A deleted tail and the marks of a purge take places that are never fed, and cursors stand on them all the same.
      told = Math.max(ring.last, broker.position());
      return told;
    },
    get ring() {
      return ring;
    },
    erasures,
  };
}
