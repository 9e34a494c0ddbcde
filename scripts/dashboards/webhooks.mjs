import { graph, quantiles, stat } from './panel.mjs';
import { PROCESS_PANELS } from './process-panels.mjs';

const OWN = 'job=~"$job",instance=~"$instance"';

/** @type {import('./dashboard.mjs').Dashboard} */
export const WEBHOOKS = {
  uid: 'webhooks',
  title: 'webhooks',
  description: 'What back-ends are told: what waits, how it is taken, what was given up.',
  jobs: 'tidings-(webhooks|hub)',
  marker: 'tidings_webhook_facts_waiting',
  panels: [
    stat({
      title: 'Delivered',
      description: 'Webhooks that an endpoint took, each second.',
      unit: 'ops',
      queries: [
        {
          expr: `sum(rate(tidings_webhook_requests_total{${OWN},result="delivered"}[$__rate_interval]))`,
          within: [0.01, 1e5],
        },
      ],
    }),
    stat({
      title: 'Not taken',
      description: 'Share of the requests that will be made again, or were given up.',
      unit: 'percentunit',
      thresholds: [['red', 0.5]],
      queries: [
        {
          expr: `1 - sum(rate(tidings_webhook_requests_total{${OWN},result="delivered"}[$__rate_interval])) / sum(rate(tidings_webhook_requests_total{${OWN}}[$__rate_interval]))`,
          within: [0, 0.9],
        },
      ],
    }),
    stat({
      title: 'Waiting',
      description: 'Webhooks that wait for the endpoint that is furthest behind.',
      unit: 'none',
      thresholds: [['red', 1000]],
      queries: [{ expr: `max(tidings_webhook_tasks_waiting{${OWN}})`, within: [0, 1000] }],
    }),
    stat({
      title: 'Reports waiting',
      description: 'Batches of what edges saw that are not worked out yet.',
      unit: 'none',
      thresholds: [['red', 100]],
      queries: [{ expr: `max(tidings_webhook_facts_waiting{${OWN}})`, within: [0, 100] }],
    }),
    stat({
      title: 'Given up',
      description: 'In the last day. They are kept for 14 days, to be replayed.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: `sum(increase(tidings_webhook_dead_letters_total{${OWN}}[1d]))`, within: [0, 0] }],
    }),
    stat({
      title: 'Never told',
      description: 'Openings and ends of streams that were dropped in the last day, by edges and by those who send.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [
        {
          expr: 'sum(increase(tidings_webhook_facts_dropped_total{job=~"tidings-(edge|webhooks|hub)"}[1d]))',
          within: [0, 0],
        },
      ],
    }),
    graph({
      title: 'Requests by how they ended',
      description:
        '`rejected` is another status than 2xx, `gone` 410, `failed` no answer, `refused` an address that is not public.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (endpoint, result) (rate(tidings_webhook_requests_total{${OWN}}[$__rate_interval]))`,
          legend: '{{endpoint}} {{result}}',
          within: [0, 1e5],
        },
      ],
    }),
    graph({
      title: 'Until it is told',
      description: 'From what happened to its delivery. An endpoint that was down shows here when it is back.',
      unit: 's',
      queries: quantiles('tidings_webhook_duration_seconds', OWN, [0.0001, 120]),
    }),
    graph({
      title: 'Waiting by endpoint',
      description: 'Those that are tried again included. After 1,000 the others wait behind them.',
      unit: 'short',
      queries: [
        {
          expr: `max by (endpoint) (tidings_webhook_tasks_waiting{${OWN}})`,
          legend: '{{endpoint}}',
          within: [0, 1000],
        },
      ],
    }),
    graph({
      title: 'Given up by endpoint',
      description: 'Webhooks that were tried for a day, or that the endpoint wants no more of (410).',
      unit: 'short',
      queries: [
        {
          expr: `sum by (endpoint) (increase(tidings_webhook_dead_letters_total{${OWN}}[$__rate_interval]))`,
          legend: '{{endpoint}}',
          within: [0, 0],
        },
      ],
    }),
    ...PROCESS_PANELS,
  ],
};
