import { GOODBYES, PROBLEMS } from '@tidings/protocol';
import { type Counter, collectDefaultMetrics, type Gauge, type Histogram, Registry } from 'prom-client';
import { type AskedGauge, createMetricKinds, type MetricDescription } from './metric-kinds.ts';
import type { TallyHistogram } from './tally-histogram.ts';
import { VERSION } from './version.ts';

/** The metrics of a service. No topic or user is ever a label: the number of series must not grow with use. */
export interface Metrics {
  readonly connectionsOpen: Gauge<'transport'>;
  readonly connectionsLimit: Gauge;
  readonly connectionsTotal: Counter<'result'>;
  readonly connectionsClosed: Counter<'reason'>;
  readonly eventsPublished: Counter<'result'>;
  readonly hookRequests: Counter<'hook' | 'result'>;
  readonly publishSeconds: Histogram;
  readonly eventsDelivered: Counter;
  readonly deliveryLatencySeconds: TallyHistogram;
  readonly fanoutSize: TallyHistogram;
  readonly laggingSessions: Gauge;
  readonly resumes: Counter<'source'>;
  readonly brokerConnected: Gauge;
  readonly brokerReconnects: Counter<'link'>;
  readonly publishRetries: Counter<'reason'>;
  readonly schedulesPending: AskedGauge;
  readonly schedulesDelivered: Counter;
  readonly scheduleLateSeconds: Histogram;
  readonly feedRepaired: Counter<'cause'>;
  readonly feedLag: Gauge;
  readonly feedSubscriptions: AskedGauge;
  readonly logSilent: Gauge;
  readonly logTailLost: Gauge;
  readonly staleReads: Counter<'read'>;
  readonly inTouch: AskedGauge;
  readonly authFailures: Counter<'reason'>;
  readonly rejected: Counter<'reason'>;
  readonly bytesSent: Counter;
  readonly drainStarted: Gauge;
  readonly drainSpread: Gauge;
  readonly nodeInfo: Gauge<'node'>;
  readonly spansDropped: Counter<'reason'>;
  readonly webhookFactsDropped: Counter;
  readonly webhookFactsWaiting: Gauge;
  readonly webhookTasksWaiting: Gauge<'endpoint'>;
  readonly webhookRequests: Counter<'endpoint' | 'result'>;
  readonly webhookDeadLetters: Counter<'endpoint'>;
  readonly webhookSeconds: Histogram;
  /** The project's own metrics, in the order in which they are made. */
  readonly list: readonly MetricDescription[];
  /** Everything in the Prometheus text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

const LATENCY_BUCKETS_SEC = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
// What alerts and dashboards ask about must be there before it happens.
const OWN_FAULTS = ['unavailable', 'internal'];

/** Creates a registry of its own, so that two services in one test process do not share counts. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const { list, counter, gauge, askedGauge, histogram, tally } = createMetricKinds(registry);
  collectDefaultMetrics({ register: registry });
  gauge<'version' | 'node_version'>('build_info', '1, with what runs.', { version: [], node_version: [] }).set(
    { version: VERSION, node_version: process.versions.node },
    1,
  );

  return {
    nodeInfo: gauge('node_info', '1, with the id of this process in logs, sessions and the audit.', { node: [] }),
    connectionsOpen: gauge('connections_open', 'Open streams.', { transport: ['h1', 'h2'] }),
    connectionsLimit: gauge('connections_limit', 'Streams that may be open, `TIDINGS_MAX_CONNECTIONS`; 0: any number.'),
    connectionsTotal: counter('connections_total', 'Streams asked for, by how they were answered.', {
      result: ['opened', ...OWN_FAULTS],
    }),
    connectionsClosed: counter('connections_closed_total', 'Streams that ended, by why.', {
      reason: ['gone', ...GOODBYES],
    }),
    eventsPublished: counter('events_published_total', 'Events taken from publishers, by result.', {
      result: ['accepted', 'duplicate', 'scheduled', ...OWN_FAULTS],
    }),
    hookRequests: counter('hook_requests_total', 'Webhooks that came, by hook and result.', { hook: [], result: [] }),
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
    resumes: counter('resume_total', 'Streams that came with a cursor, by what served them.', {
      source: ['ring', 'history', 'gap'],
    }),
    brokerConnected: gauge('broker_connected', '1 while every connection to the broker is up.'),
    brokerReconnects: counter('broker_reconnects_total', 'Connections to the broker that came back.', { link: [] }),
    publishRetries: counter('publish_retries_total', 'Publishes that were tried again, by reason.', {
      reason: ['timeout', 'no-responders', 'server', 'disconnected'],
    }),
    schedulesPending: askedGauge('schedules_pending', 'Scheduled events that wait, as this process last saw them.'),
    schedulesDelivered: counter('schedules_delivered_total', 'Scheduled events that this process has published.'),
    scheduleLateSeconds: histogram(
      'schedule_late_seconds',
      'From the time of a scheduled event to its publish.',
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600],
    ),
    feedRepaired: counter('gap_repairs_total', 'Events that the live feed missed and a read brought.', {
      cause: ['gap', 'probe', 'hole'],
    }),
    feedLag: gauge('feed_lag_seconds', 'How long the log has had an event that this process was not fed yet.'),
    feedSubscriptions: askedGauge(
      'feed_subscriptions',
      'Topics and patterns that are subscribed to at the broker; 0 where everything is.',
    ),
    logSilent: gauge('log_silent_seconds', 'How long the leader of the log has not answered; 0 while it does.'),
    logTailLost: gauge('log_tail_lost', '1 once acknowledged events are gone from the end of the log.'),
    staleReads: counter('broker_stale_reads_total', 'Answers of a replica that was behind, asked again.', {
      read: ['feed', 'history'],
    }),
    inTouch: askedGauge('cluster_in_touch', '1 while this process hears the others and the shared state.'),
    authFailures: counter('auth_failures_total', 'Refused tokens, by reason.', { reason: [] }),
    rejected: counter('rejected_total', 'Refused requests, by problem code.', { reason: Object.keys(PROBLEMS) }),
    bytesSent: counter('bytes_sent_total', 'Bytes written to streams.'),
    drainStarted: gauge(
      'drain_started_timestamp_seconds',
      'When this process was asked to end, by the wall clock; 0 before.',
    ),
    drainSpread: gauge('drain_spread_seconds', 'Time over which streams leave at the end, `TIDINGS_DRAIN_MS`.'),
    spansDropped: counter('spans_dropped_total', 'Spans that never reached a collector, by reason.', {
      reason: ['queue-full', 'export-failed', 'rate'],
    }),
    webhookFactsDropped: counter(
      'webhook_facts_dropped_total',
      'What happened to sessions and never reached webhooks.',
    ),
    webhookFactsWaiting: gauge(
      'webhook_facts_waiting',
      'Batches of what happened to sessions that are not worked out yet, as this process last saw them.',
    ),
    webhookTasksWaiting: gauge(
      'webhook_tasks_waiting',
      'Webhooks that wait for their endpoint, those that are tried again included, as this process last saw them.',
      { endpoint: [] },
    ),
    webhookRequests: counter('webhook_requests_total', 'Requests to endpoints of webhooks, by how they ended.', {
      endpoint: [],
      result: [],
    }),
    webhookDeadLetters: counter('webhook_dead_letters_total', 'Webhooks that were given up, and wait to be replayed.', {
      endpoint: [],
    }),
    webhookSeconds: histogram(
      'webhook_duration_seconds',
      'From what happened to its delivery by webhook.',
      [0.1, 0.5, 1, 5, 30, 60, 300, 3_600, 86_400],
    ),
    list,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
