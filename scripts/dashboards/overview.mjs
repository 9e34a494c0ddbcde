import { graph, quantiles, stat, table } from './panel.mjs';

const OWN = 'job=~"$job",instance=~"$instance"';

/** @type {import('./dashboard.mjs').Dashboard} */
export const OVERVIEW = {
  uid: 'overview',
  title: 'overview',
  description: 'Whether the service works, in one look: what comes in, what goes out, how late, and what is refused.',
  jobs: 'tidings-(edge|ingest|hub)',
  marker: 'tidings_build_info',
  panels: [
    stat({
      title: 'Alerts firing',
      description: 'Alerts of Tidings that fire now. Each has a runbook, linked above.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: 'count(ALERTS{alertname=~"Tidings.*",alertstate="firing"}) or vector(0)', within: [0, 40] }],
    }),
    stat({
      title: 'Processes down',
      description: 'Targets that Prometheus knows and can not reach, the NATS exporter included.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: 'count(up{job=~"tidings-(edge|ingest|hub|nats)"} == 0) or vector(0)', within: [0, 0] }],
    }),
    stat({
      title: 'Cut off from NATS',
      description: 'Processes of which a connection to NATS is down.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: `count(tidings_broker_connected{${OWN}} == 0) or vector(0)`, within: [0, 0] }],
    }),
    stat({
      title: 'Open streams',
      description: 'Streams that are open now, on all edges.',
      unit: 'short',
      queries: [{ expr: `sum(tidings_connections_open{${OWN}})`, within: [1, 1e6] }],
    }),
    stat({
      title: 'Accepted',
      description: 'Events that publishers got stored, each second.',
      unit: 'ops',
      queries: [
        {
          expr: `sum(rate(tidings_events_published_total{${OWN},result="accepted"}[$__rate_interval]))`,
          within: [0.1, 1e5],
        },
      ],
    }),
    stat({
      title: 'Delivery, p99',
      description: 'From acceptance to the socket, at the 99th percentile of all edges.',
      unit: 's',
      thresholds: [
        ['orange', 0.15],
        ['red', 1],
      ],
      queries: [quantiles('tidings_delivery_latency_seconds', OWN, [0.0001, 5])[2]],
    }),
    graph({
      title: 'Events',
      description: 'What came in and what went out. Deliveries are events times the streams that each went to.',
      unit: 'ops',
      queries: [
        {
          expr: `sum(rate(tidings_events_published_total{${OWN},result="accepted"}[$__rate_interval]))`,
          legend: 'accepted',
          within: [0.1, 1e5],
        },
        {
          expr: `sum(rate(tidings_events_delivered_total{${OWN}}[$__rate_interval]))`,
          legend: 'delivered',
          within: [0.1, 1e7],
        },
      ],
    }),
    graph({
      title: 'Streams by process',
      description:
        'Open streams of each edge. Edges of one age should have about as many; after a scale-up the new one fills slowly.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance) (tidings_connections_open{${OWN}}) and on (instance) tidings_connections_limit > 0`,
          legend: '{{instance}}',
          within: [0, 1e6],
        },
      ],
    }),
    graph({
      title: 'Delivery',
      description:
        'From acceptance to the socket write. A step for all at once is the log or a clock; for one edge it is that edge.',
      unit: 's',
      thresholds: [['red', 1]],
      queries: quantiles('tidings_delivery_latency_seconds', OWN, [0.0001, 5]),
    }),
    graph({
      title: 'Storing',
      description: 'From a valid event to its durable store.',
      unit: 's',
      thresholds: [['red', 1]],
      queries: quantiles('tidings_publish_duration_seconds', OWN, [0.0001, 5]),
    }),
    graph({
      title: 'Our faults',
      description:
        'Requests, streams and events that were refused for a fault of ours. Anything but zero is worth a look.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_rejected_total{${OWN},reason=~"unavailable|internal|at-capacity"}[$__rate_interval]))`,
          legend: 'requests: {{reason}}',
          within: [0, 100],
        },
        {
          expr: `sum by (result) (rate(tidings_connections_total{${OWN},result=~"unavailable|internal"}[$__rate_interval]))`,
          legend: 'streams: {{result}}',
          within: [0, 100],
        },
        {
          expr: `sum by (result) (rate(tidings_events_published_total{${OWN},result=~"unavailable|internal"}[$__rate_interval]))`,
          legend: 'events: {{result}}',
          within: [0, 1000],
        },
      ],
    }),
    graph({
      title: 'Refused requests',
      description: 'By problem code: docs/reference/errors.md says what each means. Most are faults of clients.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_rejected_total{${OWN}}[$__rate_interval])) > 0`,
          legend: '{{reason}}',
          within: [0, 1000],
        },
      ],
    }),
    table({
      title: 'Processes',
      description: 'What runs where, and the node by which logs, sessions and the audit name it.',
      queries: [
        {
          expr: `tidings_build_info{${OWN}} * on (job, instance) group_left (node) tidings_node_info`,
          within: [1, 1],
          of: 'info',
        },
      ],
    }),
  ],
};
