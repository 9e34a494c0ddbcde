import { graph, stat } from './panel.mjs';

const NATS = 'job=~"$job",instance=~"$instance"';
const STREAMS = `${NATS},stream_name=~"EVT_.*|KV_tidings"`;
const OURS = 'job=~"tidings-(edge|ingest|hub)"';

/** @type {import('./dashboard.mjs').Dashboard} */
export const BROKER = {
  uid: 'broker',
  title: 'broker',
  description: 'The NATS servers by their exporter, and how our processes see them.',
  jobs: 'tidings-nats',
  marker: 'gnatsd_varz_version',
  panels: [
    stat({
      title: 'Servers well',
      description: 'Servers whose /healthz says ok.',
      unit: 'none',
      queries: [{ expr: `sum(gnatsd_healthz_status_value{${NATS}})`, within: [1, 9] }],
    }),
    stat({
      title: 'Servers of the cluster',
      description: 'As many as the cluster knows of; none on a single server.',
      unit: 'none',
      queries: [{ expr: `max(gnatsd_varz_jetstream_meta_cluster_size{${NATS}})`, within: [1, 9] }],
    }),
    stat({
      title: 'Fullest store',
      description: 'Share of max_file_store that is taken, on the server where it is most. At 100% events are refused.',
      unit: 'percentunit',
      thresholds: [
        ['orange', 0.7],
        ['red', 0.85],
      ],
      queries: [
        {
          expr: `max(gnatsd_varz_jetstream_stats_storage{${NATS}} / (gnatsd_varz_jetstream_config_max_storage{${NATS}} > 0))`,
          within: [0.00000001, 1],
        },
      ],
    }),
    stat({
      title: 'Slowest copy',
      description: 'How many places the slowest copy of a stream is behind the fastest.',
      unit: 'none',
      thresholds: [['red', 1000]],
      queries: [
        {
          expr: `max(max by (stream_name) (jetstream_stream_last_seq{${STREAMS}}) - min by (stream_name) (jetstream_stream_last_seq{${STREAMS}}))`,
          within: [0, 1000],
        },
      ],
    }),
    stat({
      title: 'Streams with a leader',
      description: 'Of two: the log EVT_0 and the shared state KV_tidings.',
      unit: 'none',
      queries: [
        {
          expr: `count(count by (stream_name) (jetstream_stream_last_seq{${STREAMS},is_stream_leader="true"}))`,
          within: [2, 2],
        },
      ],
    }),
    stat({
      title: 'Cut off',
      description: 'Connections that servers cut off in the last hour because they did not take what was sent.',
      unit: 'none',
      thresholds: [['red', 1]],
      queries: [{ expr: `sum(increase(gnatsd_varz_slow_consumers{${NATS}}[1h]))`, within: [0, 100] }],
    }),
    graph({
      title: 'Health',
      description: '1 while /healthz says ok. `unreachable`: the exporter gets no answer.',
      unit: 'none',
      max: 1,
      queries: [{ expr: `gnatsd_healthz_status_value{${NATS}}`, legend: '{{server_id}} {{value}}', within: [0, 1] }],
    }),
    graph({
      title: 'As our processes see it',
      description:
        'Connected (1), in touch with the others (1), and for how long the leader of the log has been silent, at worst.',
      unit: 'none',
      queries: [
        { expr: `min(tidings_broker_connected{${OURS}})`, legend: 'connected', within: [0, 1] },
        { expr: `min(tidings_cluster_in_touch{${OURS}})`, legend: 'in touch', within: [0, 1] },
        { expr: `max(tidings_log_silent_seconds{${OURS}})`, legend: 'leader silent, seconds', within: [0, 60] },
      ],
    }),
    graph({
      title: 'Events stored',
      description: 'How fast the newest place of each stream moves, by its leader.',
      unit: 'ops',
      queries: [
        {
          expr: `max by (stream_name) (rate(jetstream_stream_last_seq{${STREAMS}}[$__rate_interval]))`,
          legend: '{{stream_name}}',
          within: [0, 1e5],
        },
      ],
    }),
    graph({
      title: 'History',
      description:
        'Share of its byte limit that each stream has. A log at 100% drops its oldest: history is shorter than TIDINGS_HISTORY_MAX_AGE. The shared state refuses new entries there.',
      unit: 'percentunit',
      max: 1,
      thresholds: [['orange', 0.85]],
      queries: [
        {
          expr: `max by (stream_name) (jetstream_stream_total_bytes{${STREAMS}} / (jetstream_stream_limit_bytes{${STREAMS}} > 0))`,
          legend: '{{stream_name}}',
          within: [0, 1],
        },
      ],
    }),
    graph({
      title: 'Events in history',
      description: 'Messages that each stream has.',
      unit: 'short',
      queries: [
        {
          expr: `max by (stream_name) (jetstream_stream_total_messages{${STREAMS}})`,
          legend: '{{stream_name}}',
          within: [0, 1e8],
        },
      ],
    }),
    graph({
      title: 'Copies behind',
      description: 'Places that the copy of each server is behind the fastest.',
      unit: 'short',
      thresholds: [['red', 1000]],
      queries: [
        {
          expr: `max by (stream_name) (jetstream_stream_last_seq{${STREAMS}}) - on (stream_name) group_right () jetstream_stream_last_seq{${STREAMS}}`,
          legend: '{{stream_name}} {{server_name}}',
          within: [0, 1000],
        },
      ],
    }),
    graph({
      title: 'Storage',
      description: 'Share of max_file_store that JetStream takes on each server.',
      unit: 'percentunit',
      max: 1,
      thresholds: [['red', 0.85]],
      queries: [
        {
          expr: `gnatsd_varz_jetstream_stats_storage{${NATS}} / (gnatsd_varz_jetstream_config_max_storage{${NATS}} > 0)`,
          legend: '{{server_id}}',
          within: [0.00000001, 1],
        },
      ],
    }),
    graph({
      title: 'Connections',
      description: 'An edge holds three, an ingest two, a hub four, spread over the servers.',
      unit: 'short',
      queries: [{ expr: `gnatsd_varz_connections{${NATS}}`, legend: '{{server_id}}', within: [0, 4096] }],
    }),
    graph({
      title: 'Messages',
      description: 'Messages in and out, what servers tell each other included.',
      unit: 'ops',
      queries: [
        {
          expr: `rate(gnatsd_varz_in_msgs{${NATS}}[$__rate_interval])`,
          legend: '{{server_id}} in',
          within: [0, 1e6],
        },
        {
          expr: `rate(gnatsd_varz_out_msgs{${NATS}}[$__rate_interval])`,
          legend: '{{server_id}} out',
          within: [0, 1e6],
        },
      ],
    }),
    graph({
      title: 'Traffic',
      description: 'Bytes in and out. Each edge receives the whole feed.',
      unit: 'Bps',
      queries: [
        {
          expr: `rate(gnatsd_varz_in_bytes{${NATS}}[$__rate_interval])`,
          legend: '{{server_id}} in',
          within: [0, 1e9],
        },
        {
          expr: `rate(gnatsd_varz_out_bytes{${NATS}}[$__rate_interval])`,
          legend: '{{server_id}} out',
          within: [0, 1e9],
        },
      ],
    }),
    graph({
      title: 'Memory',
      description: 'Resident memory of each server; the ids of the last two minutes are kept there.',
      unit: 'bytes',
      queries: [{ expr: `gnatsd_varz_mem{${NATS}}`, legend: '{{server_id}}', within: [5e6, 4e9] }],
    }),
    graph({
      title: 'Processor',
      description: 'Percent of a core, by each server itself.',
      unit: 'percent',
      queries: [{ expr: `gnatsd_varz_cpu{${NATS}}`, legend: '{{server_id}}', within: [0, 1600] }],
    }),
    graph({
      title: 'Refused by JetStream',
      description:
        'Requests to the JetStream API that were refused. Some at a start are normal: who looks for a stream that is not there yet.',
      unit: 'ops',
      queries: [
        {
          expr: `rate(gnatsd_varz_jetstream_stats_api_errors{${NATS}}[$__rate_interval])`,
          legend: '{{server_id}}',
          within: [0, 100],
        },
      ],
    }),
  ],
};
