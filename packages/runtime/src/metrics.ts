import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createTallyHistogram, type TallyHistogram } from './tally-histogram.ts';

/** The metrics of a service. No topic or user is ever a label: the number of series must not grow with use. */
export interface Metrics {
  readonly connectionsOpen: Gauge<'transport'>;
  readonly connectionsTotal: Counter<'result'>;
  readonly eventsPublished: Counter<'result'>;
  readonly publishSeconds: Histogram;
  readonly eventsDelivered: Counter;
  readonly deliveryLatencySeconds: TallyHistogram;
  readonly fanoutSize: TallyHistogram;
  readonly laggingSessions: Gauge;
  readonly resumes: Counter<'source'>;
  readonly brokerConnected: Gauge;
  readonly brokerReconnects: Counter<'link'>;
  readonly publishRetries: Counter<'reason'>;
  readonly feedRepaired: Counter<'cause'>;
  readonly feedLag: Gauge;
  readonly staleReads: Counter<'read'>;
  readonly authFailures: Counter<'reason'>;
  readonly rejected: Counter<'reason'>;
  readonly bytesSent: Counter;
  readonly spansDropped: Counter<'reason'>;
  /** Everything in the Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

const LATENCY_BUCKETS_SEC = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Creates a registry of its own, so that two services in one test process do not share counts. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `tidings_${name}`, help, labelNames, registers });
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
    new Gauge({ name: `tidings_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]): Histogram =>
    new Histogram({ name: `tidings_${name}`, help, buckets, registers });
  const tally = (name: string, help: string, buckets: number[]): TallyHistogram =>
    createTallyHistogram({ name: `tidings_${name}`, help, buckets }, registry);
  collectDefaultMetrics({ register: registry });

  return {
    connectionsOpen: gauge('connections_open', 'Open streams.', 'transport'),
    connectionsTotal: counter('connections_total', 'Streams asked for, by how they were answered.', 'result'),
    eventsPublished: counter('events_published_total', 'Events taken from publishers, by result.', 'result'),
    publishSeconds: histogram(
      'publish_duration_seconds',
      'From a valid event to its durable store.',
      LATENCY_BUCKETS_SEC,
    ),
    eventsDelivered: counter('events_delivered_total', 'Published events written to streams.'),
    deliveryLatencySeconds: tally(
      'delivery_latency_seconds',
      'From publish accepted to socket write, live events.',
      LATENCY_BUCKETS_SEC,
    ),
    fanoutSize: tally(
      'fanout_size',
      'Streams that one live event went to.',
      [0, 1, 2, 5, 10, 100, 1_000, 10_000, 100_000],
    ),
    laggingSessions: gauge('lagging_sessions', 'Streams whose client reads too slowly.'),
    resumes: counter('resume_total', 'Streams that came with a cursor, by what served them.', 'source'),
    brokerConnected: gauge('broker_connected', '1 while every connection to the broker is up.'),
    brokerReconnects: counter('broker_reconnects_total', 'Connections to the broker that came back.', 'link'),
    publishRetries: counter('publish_retries_total', 'Publishes that were tried again, by reason.', 'reason'),
    feedRepaired: counter('gap_repairs_total', 'Events that the live feed missed and a read brought.', 'cause'),
    feedLag: gauge('feed_lag_seconds', 'How long the log has had an event that this process was not fed yet.'),
    staleReads: counter('broker_stale_reads_total', 'Answers of a replica that was behind, asked again.', 'read'),
    authFailures: counter('auth_failures_total', 'Refused tokens, by reason.', 'reason'),
    rejected: counter('rejected_total', 'Refused requests, by problem code.', 'reason'),
    bytesSent: counter('bytes_sent_total', 'Bytes written to streams.'),
    spansDropped: counter('spans_dropped_total', 'Spans that never reached a collector, by reason.', 'reason'),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
