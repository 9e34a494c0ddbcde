import { graph, quantiles, stat } from './panel.mjs';
import { PROCESS_PANELS } from './process-panels.mjs';

const OWN = 'job=~"$job",instance=~"$instance"';

/** @type {import('./dashboard.mjs').Dashboard} */
export const EDGES = {
  uid: 'edges',
  title: 'edges',
  description: 'The way out: streams, deliveries, slow readers, resumes, and how far each edge is behind the log.',
  jobs: 'tidings-(edge|hub)',
  marker: 'tidings_build_info',
  panels: [
    stat({
      title: 'Open streams',
      description: 'Streams that are open now.',
      unit: 'short',
      queries: [{ expr: `sum(tidings_connections_open{${OWN}})`, within: [1, 1e6] }],
    }),
    stat({
      title: 'Fullest edge',
      description:
        'Share of TIDINGS_MAX_CONNECTIONS that is taken, on the edge where it is most. At 100% clients are sent away.',
      unit: 'percentunit',
      thresholds: [
        ['orange', 0.7],
        ['red', 0.85],
      ],
      queries: [
        {
          expr: `max(sum without (transport) (tidings_connections_open{${OWN}}) / (tidings_connections_limit > 0))`,
          within: [0.000001, 1],
        },
      ],
    }),
    stat({
      title: 'Lagging',
      description: 'Share of the streams whose client reads too slowly.',
      unit: 'percentunit',
      thresholds: [['red', 0.1]],
      queries: [
        { expr: `sum(tidings_lagging_sessions{${OWN}}) / sum(tidings_connections_open{${OWN}})`, within: [0, 1] },
      ],
    }),
    stat({
      title: 'Feed lag',
      description: 'How long the log has had an event that an edge was not fed, at worst.',
      unit: 's',
      thresholds: [['red', 10]],
      queries: [{ expr: `max(tidings_feed_lag_seconds{${OWN}})`, within: [0, 60] }],
    }),
    stat({
      title: 'Out of touch',
      description: 'Edges that hear neither the others nor the shared state: they open no streams.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: `count(tidings_cluster_in_touch{${OWN}} == 0) or vector(0)`, within: [0, 0] }],
    }),
    stat({
      title: 'Ending',
      description: 'Edges that were asked to end and send their streams away.',
      unit: 'none',
      thresholds: [['orange', 1]],
      queries: [{ expr: `count(tidings_drain_started_timestamp_seconds{${OWN}} > 0) or vector(0)`, within: [0, 2] }],
    }),
    graph({
      title: 'Open streams',
      description: 'By edge and by protocol: h1 takes a connection for each stream, h2 shares one.',
      unit: 'short',
      stacked: true,
      queries: [{ expr: `tidings_connections_open{${OWN}}`, legend: '{{instance}} {{transport}}', within: [0, 1e6] }],
    }),
    graph({
      title: 'Streams asked for',
      description:
        'By how they were answered. `opened` is what should be; a soft refusal tells a browser to come again later.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (result) (rate(tidings_connections_total{${OWN}}[$__rate_interval]))`,
          legend: '{{result}}',
          within: [0, 1e4],
        },
      ],
    }),
    graph({
      title: 'Streams that ended',
      description:
        'By why. `gone`: the client left; `slow`: it took nothing for TIDINGS_LAG_MAX_AGE; `unavailable`: its history could not be read.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_connections_closed_total{${OWN}}[$__rate_interval]))`,
          legend: '{{reason}}',
          within: [0, 1e4],
        },
      ],
    }),
    graph({
      title: 'Deliveries',
      description: 'Events written to streams.',
      unit: 'ops',
      queries: [
        {
          expr: `rate(tidings_events_delivered_total{${OWN}}[$__rate_interval])`,
          legend: '{{instance}}',
          within: [0, 1e6],
        },
      ],
    }),
    graph({
      title: 'Bytes sent',
      description: 'Bytes written to streams, without what TCP and TLS add.',
      unit: 'Bps',
      queries: [
        { expr: `rate(tidings_bytes_sent_total{${OWN}}[$__rate_interval])`, legend: '{{instance}}', within: [0, 1e9] },
      ],
    }),
    graph({
      title: 'Fan-out',
      description:
        'Streams that one live event went to, in the mean and at the 99th percentile. It is what an event costs.',
      unit: 'short',
      queries: [
        {
          expr: `sum(rate(tidings_fanout_size_sum{${OWN}}[$__rate_interval])) / sum(rate(tidings_fanout_size_count{${OWN}}[$__rate_interval]))`,
          legend: 'mean',
          within: [0, 1e5],
        },
        { ...quantiles('tidings_fanout_size', OWN, [0, 1e5])[2] },
      ],
    }),
    graph({
      title: 'Delivery by edge, p99',
      description: 'From acceptance to the socket write. An edge that is busy or whose clock is wrong stands out.',
      unit: 's',
      thresholds: [['red', 1]],
      queries: [quantiles('tidings_delivery_latency_seconds', OWN, [0.0001, 5], ['instance'])[2]],
    }),
    graph({
      title: 'Slow readers',
      description: 'Streams whose client reads too slowly: they are fed from history until they have caught up.',
      unit: 'short',
      queries: [{ expr: `tidings_lagging_sessions{${OWN}}`, legend: '{{instance}}', within: [0, 1e5] }],
    }),
    graph({
      title: 'Resumes',
      description:
        'Streams that came with a cursor, by what served them. `gap`: history was too short, or the log is another one.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (source) (rate(tidings_resume_total{${OWN}}[$__rate_interval]))`,
          legend: '{{source}}',
          within: [0, 1e4],
        },
      ],
    }),
    graph({
      title: 'Feed lag',
      description: 'How long the log has had an event that the edge was not fed. Looked at every five seconds.',
      unit: 's',
      thresholds: [['red', 10]],
      queries: [{ expr: `tidings_feed_lag_seconds{${OWN}}`, legend: '{{instance}}', within: [0, 60] }],
    }),
    graph({
      title: 'Feed repairs and stale reads',
      description:
        'Events that the live feed missed and a read brought; answers of a NATS server that was behind. Steps at reconnects and elections are normal.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (cause) (rate(tidings_gap_repairs_total{${OWN}}[$__rate_interval]))`,
          legend: 'repaired: {{cause}}',
          within: [0, 1e5],
        },
        {
          expr: `sum by (read) (rate(tidings_broker_stale_reads_total{${OWN}}[$__rate_interval]))`,
          legend: 'stale: {{read}}',
          within: [0, 1e3],
        },
      ],
    }),
    graph({
      title: 'Refused tokens',
      description: 'By reason: docs/reference/tokens.md says what each means. Clients are not told.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_auth_failures_total{${OWN}}[$__rate_interval])) > 0`,
          legend: '{{reason}}',
          within: [0, 1e3],
        },
      ],
    }),
    ...PROCESS_PANELS,
  ],
};
