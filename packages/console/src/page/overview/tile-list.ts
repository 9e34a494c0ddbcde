import type { MetricsSnapshot } from '@tidings/protocol/client';
import { formatCount, formatLatency, formatPerSec, NOTHING } from '../quantity.ts';

/** A large number and what it says. */
export interface Tile {
  readonly name: string;
  readonly value: string;
  readonly unit: string;
  readonly note: string;
}

/** What all nodes say together. */
export function toTiles({ total, nodes }: MetricsSnapshot): readonly Tile[] {
  const edges = nodes.filter(({ edge }) => edge).length;
  const { ring, history, gap } = total.resumes;
  return [
    {
      name: 'Streams',
      value: formatCount(total.streams),
      unit: '',
      note: `on ${formatCount(edges)} edge${edges === 1 ? '' : 's'}`,
    },
    {
      name: 'Events in',
      value: formatPerSec(total.publishedPerSec),
      unit: '/s',
      note: `${formatCount(total.published)} in all`,
    },
    {
      name: 'Events out',
      value: formatPerSec(total.deliveredPerSec),
      unit: '/s',
      note: `${formatCount(total.delivered)} in all`,
    },
    latencyTile('Latency, p50', total.p50Ms),
    latencyTile('Latency, p99', total.p99Ms),
    { name: 'Lagging', value: formatCount(total.lagging), unit: '', note: 'clients that read too slowly' },
    {
      name: 'Resumes',
      value: formatCount(ring + history + gap),
      unit: '',
      note: `ring\u00a0${formatCount(ring)}, history\u00a0${formatCount(history)}, gap\u00a0${formatCount(gap)}`,
    },
    { name: 'Gaps', value: formatCount(total.gaps), unit: '', note: 'that streams were told of' },
  ];
}

function latencyTile(name: string, ms: number | null): Tile {
  const [value = NOTHING, unit = ''] = formatLatency(ms).split(' ');
  return { name, value, unit, note: ms === null ? 'nothing went out just now' : 'from publish to write' };
}

/** When the sums begin: with the first node that counts. `undefined` without a node. */
export function countedSinceMs({ nodes }: MetricsSnapshot): number | undefined {
  return nodes.length === 0 ? undefined : Math.min(...nodes.map(({ since }) => Date.parse(since)));
}
