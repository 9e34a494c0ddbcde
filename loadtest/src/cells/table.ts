import { USUAL_EVENT } from '../feed/deployment.ts';
import { type CellLoad, type Demand, type FeedKind, toCellLoad } from './installation.ts';
import { CHOSEN, INDEX_ENTRY, MEASURED, type UnitCost } from './unit-cost.ts';

const CELLS = [1, 4, 16];

/** The demands of docs/capacity.md: each subscriber gets 864 events a day of its own, and all get one event a second. */
const DEMANDS: readonly Demand[] = [1_000_000, 10_000_000].map((subscribers) => ({
  subscribers,
  eventsPerSec: subscribers / 100 + 1,
  broadcastShare: 1 / (subscribers / 100 + 1),
  shape: USUAL_EVENT,
}));

const FEEDS: Readonly<Record<FeedKind, string>> = {
  whole: 'each edge takes every event of its cell',
  interest: 'each edge takes what its streams want, and an index entry of all else',
};

const HEAD = [
  'cells',
  'events/s in each',
  'of what a stream takes',
  'edges',
  'ingests',
  'NATS servers',
  'to each edge',
  'sent by servers',
  'cores: edges',
  'ingests',
  'servers',
  'all',
];

const count = (value: number): string => Math.round(value).toLocaleString('en');
const cores = (value: number): string => (value < 10 ? value.toFixed(1) : count(value));
const rate = (bits: number): string =>
  bits >= 1e9 ? `${(bits / 1e9).toFixed(1)} Gbit/s` : `${(bits / 1e6).toFixed(bits >= 1e7 ? 0 : 1)} Mbit/s`;

/** In each cell, and in all together where there are several. */
const both = (value: number, cells: number, toText: (value: number) => string): string =>
  cells === 1 ? toText(value) : `${toText(value)} / ${toText(value * cells)}`;

function toRow(cells: number, load: CellLoad): string[] {
  const { eventsPerSec, streamShare, edges, ingests, servers } = load;
  const used = streamShare > 1 ? `**${count(streamShare * 100)}%**` : `${count(streamShare * 100)}%`;
  const stored = [`${cells}`, count(eventsPerSec), used];
  if (edges === Number.POSITIVE_INFINITY) return [...stored, '**no number is enough**', ...HEAD.slice(4).map(() => '')];
  const all = load.edgeCores + load.ingestCores + load.serverCores;
  return [
    ...stored,
    both(edges, cells, count),
    both(ingests, cells, count),
    both(servers, cells, count),
    rate(load.toEachEdgeBits),
    both(load.sentBits, cells, rate),
    ...[load.edgeCores, load.ingestCores, load.serverCores, all].map((value) => both(value, cells, cores)),
  ];
}

const toMarkdown = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

function toDemandTable(demand: Demand, feed: FeedKind): string {
  const rows = CELLS.map((cells) => toRow(cells, toCellLoad(demand, cells, feed)));
  return toMarkdown([HEAD, HEAD.map(() => '---:'), ...rows]);
}

/** What the model stands on, each with its source, as a table of Markdown. */
function toInputTable(): string {
  const inputs: readonly UnitCost[] = [MEASURED, CHOSEN, INDEX_ENTRY].flatMap((part) => Object.values(part));
  const rows = inputs.map(({ what, words, source }) => [what, words, source]);
  return toMarkdown([['what', 'figure', 'from'], ['---', '---:', '---'], ...rows]);
}

/** The section of docs/capacity.md. */
export function toCellSection(): string {
  const tables = DEMANDS.flatMap((demand) => {
    const { subscribers, eventsPerSec, shape } = demand;
    const title = `#### ${count(subscribers)} subscribers, ${count(eventsPerSec - 1)} own-topic events of ${shape.payloadBytes} B a second, and one to all`;
    const feeds = (Object.keys(FEEDS) as FeedKind[]).map((feed) => `${FEEDS[feed]}:\n\n${toDemandTable(demand, feed)}`);
    return [title, ...feeds.map((text) => `${text[0]?.toUpperCase()}${text.slice(1)}`)];
  });
  return `\n${[toInputTable(), ...tables].join('\n\n')}\n`;
}
