import { graph } from './panel.mjs';

const OWN = 'job=~"$job",instance=~"$instance"';

/** What every process of ours shows of itself. */
export const PROCESS_PANELS = [
  graph({
    title: 'Processor',
    description: 'Share of one core. A process does nearly all of its work on one: at 90% it has no room left.',
    unit: 'percentunit',
    thresholds: [['red', 0.9]],
    queries: [
      {
        expr: `rate(process_cpu_seconds_total{${OWN}}[$__rate_interval])`,
        legend: '{{instance}}',
        within: [0.0001, 3],
      },
    ],
  }),
  graph({
    title: 'Event loop, p99',
    description:
      'How long the loop was held up, at the 99th percentile since the last scrape. Ten milliseconds are the measure itself.',
    unit: 's',
    thresholds: [['red', 0.25]],
    queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${OWN}}`, legend: '{{instance}}', within: [0.001, 2] }],
  }),
  graph({
    title: 'Memory',
    description: 'Resident memory, and the heap in use. What grows for days without more streams or history is a leak.',
    unit: 'bytes',
    queries: [
      { expr: `process_resident_memory_bytes{${OWN}}`, legend: '{{instance}} resident', within: [2e7, 2e9] },
      { expr: `nodejs_heap_size_used_bytes{${OWN}}`, legend: '{{instance}} heap', within: [5e6, 1e9] },
    ],
  }),
  graph({
    title: 'Open files',
    description: 'Share of the files that the process may open; each connection takes one.',
    unit: 'percentunit',
    max: 1,
    thresholds: [['red', 0.85]],
    queries: [
      { expr: `process_open_fds{${OWN}} / process_max_fds{${OWN}}`, legend: '{{instance}}', within: [0.000001, 0.5] },
    ],
  }),
];
