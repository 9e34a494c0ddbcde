import { graph, quantiles, stat } from './panel.mjs';
import { PROCESS_PANELS } from './process-panels.mjs';

const OWN = 'job=~"$job",instance=~"$instance"';

/** @type {import('./dashboard.mjs').Dashboard} */
export const INGEST = {
  uid: 'ingest',
  title: 'ingest',
  description: 'The way in: what publishers send, how long storing takes, what is refused and why.',
  jobs: 'tidings-(ingest|hub)',
  marker: 'tidings_build_info',
  panels: [
    stat({
      title: 'Accepted',
      description: 'Events stored each second.',
      unit: 'ops',
      queries: [
        {
          expr: `sum(rate(tidings_events_published_total{${OWN},result="accepted"}[$__rate_interval]))`,
          within: [0.1, 1e5],
        },
      ],
    }),
    stat({
      title: 'Not stored',
      description: 'Share of the events that were refused for a fault of ours.',
      unit: 'percentunit',
      thresholds: [['red', 0.01]],
      queries: [
        {
          expr: `sum(rate(tidings_events_published_total{${OWN},result=~"unavailable|internal"}[$__rate_interval])) / sum(rate(tidings_events_published_total{${OWN}}[$__rate_interval]))`,
          within: [0, 0.5],
        },
      ],
    }),
    stat({
      title: 'Storing, p99',
      description: 'From a valid event to its durable store.',
      unit: 's',
      thresholds: [
        ['orange', 0.25],
        ['red', 1],
      ],
      queries: [quantiles('tidings_publish_duration_seconds', OWN, [0.0001, 5])[2]],
    }),
    stat({
      title: 'Leader silent',
      description: 'How long the leader of the log has not answered, at worst. An election takes some seconds.',
      unit: 's',
      thresholds: [['red', 30]],
      queries: [{ expr: `max(tidings_log_silent_seconds{${OWN}})`, within: [0, 60] }],
    }),
    stat({
      title: 'Cut off from NATS',
      description: 'Processes of which a connection to NATS is down.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: `count(tidings_broker_connected{${OWN}} == 0) or vector(0)`, within: [0, 0] }],
    }),
    stat({
      title: 'Ingests up',
      description: 'Processes that take events.',
      unit: 'none',
      queries: [{ expr: 'count(up{job=~"$job",instance=~"$instance"} == 1)', within: [1, 100] }],
    }),
    graph({
      title: 'Events by result',
      description:
        '`accepted` and `duplicate` are stored; any other result is a problem code of docs/reference/errors.md.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (result) (rate(tidings_events_published_total{${OWN}}[$__rate_interval]))`,
          legend: '{{result}}',
          within: [0, 1e5],
        },
      ],
    }),
    graph({
      title: 'Storing',
      description:
        'From a valid event to its durable store: the way to the leader of the log, a quorum of copies, and back.',
      unit: 's',
      thresholds: [['red', 1]],
      queries: quantiles('tidings_publish_duration_seconds', OWN, [0.0001, 5]),
    }),
    graph({
      title: 'Tries again',
      description:
        'Publishes that were tried again. `no-responders` and `timeout` in elections are normal, a steady rate is not.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_publish_retries_total{${OWN}}[$__rate_interval]))`,
          legend: '{{reason}}',
          within: [0, 1e4],
        },
      ],
    }),
    graph({
      title: 'Refused requests',
      description: 'By problem code: docs/reference/errors.md says what each means.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (reason) (rate(tidings_rejected_total{${OWN}}[$__rate_interval])) > 0`,
          legend: '{{reason}}',
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
    graph({
      title: 'Connections that came back',
      description: 'Reconnects to NATS, by what the connection is for. Steps: servers restart, or the network flaps.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (instance, link) (increase(tidings_broker_reconnects_total{${OWN}}[$__rate_interval]))`,
          legend: '{{instance}} {{link}}',
          within: [0, 100],
        },
      ],
    }),
    graph({
      title: 'Scheduled events that wait',
      description: 'Of all tenants, as the ingest that knows most has it. A tenant may have 10,000.',
      unit: 'short',
      queries: [{ expr: `max(tidings_schedules_pending{${OWN}})`, legend: 'waiting', within: [0, 1e6] }],
    }),
    graph({
      title: 'Scheduled events, late by',
      description: 'From the time of a scheduled event to its publish. After an outage all that fell due in it.',
      unit: 's',
      thresholds: [['red', 60]],
      queries: quantiles('tidings_schedule_late_seconds', OWN, [0, 60]),
    }),
    ...PROCESS_PANELS,
  ],
};
