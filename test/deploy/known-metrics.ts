import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../hub-process.ts';

/** Labels that Prometheus gives every series of a target. */
const OF_THE_TARGET = ['job', 'instance'];
const OF_A_NATS_SERVER = ['server_id'];
const OF_JETSTREAM = ['server_name', 'cluster', 'is_meta_leader', 'meta_leader'];
const OF_A_STREAM = ['stream_name', 'is_stream_leader', 'stream_leader', 'account'];

/** What Prometheus itself has. */
const OF_PROMETHEUS: readonly (readonly [string, readonly string[]])[] = [
  ['up', OF_THE_TARGET],
  ['ALERTS', ['alertname', 'alertstate', 'severity']],
];

/**
 * Every metric that a rule or a dashboard may use, with its labels: those of docs/reference/metrics.md, of which tests
 * hold the first two tables to the registry and the third to a real exporter.
 */
export function readKnownMetrics(): ReadonlyMap<string, readonly string[]> {
  const text = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8');
  const known = new Map<string, readonly string[]>(OF_PROMETHEUS);
  for (const [, name = '', type, cell = ''] of text.matchAll(/^\| `(\w+)` \| (\w+) \| ([^|]*)\|/gm)) {
    const named = [...cell.matchAll(/(?:^|[;,] )`(\w+)`(?=:|,|$| $)/g)].map(([, label]) => label as string);
    const labels = [...named, ...OF_THE_TARGET, ...labelsOfNats(name)];
    if (type !== 'histogram') known.set(name, labels);
    else for (const part of ['bucket', 'sum', 'count']) known.set(`${name}_${part}`, [...labels, 'le']);
  }
  return known;
}

function labelsOfNats(name: string): readonly string[] {
  if (name.startsWith('gnatsd_')) return OF_A_NATS_SERVER;
  if (name.startsWith('jetstream_stream_')) return [...OF_A_NATS_SERVER, ...OF_JETSTREAM, ...OF_A_STREAM];
  return [];
}
