// `npm run loadtest:agreement [-- --rounds 1 --only bursts]`: the same work measured by the benchmark of Node and by k6, in turn. Both watch a hub of their own,
// by clients that share no line of code; where they differ by more than 15%, one of them is wrong.
import { parseArgs } from 'node:util';
import { findK6 } from '../load/k6-process.ts';
import { toThousands } from '../report/cells.ts';
import { median } from '../report/statistics.ts';
import { COMPARISONS, type Reading } from './subject.ts';

const MOST = 0.15;
const string = { type: 'string' } as const;
const { values } = parseArgs({ options: { rounds: { ...string, default: '3' }, only: { ...string, default: '' } } });
const rounds = Number(values.rounds);
const chosen = COMPARISONS.filter((each) => each.title.includes(values.only));
if (!(rounds >= 1) || chosen.length === 0) throw new TypeError('--rounds is 1 or more, --only a part of a title');
const binary = await findK6();
const tell = (text: string): void => console.error(`${(performance.now() / 1e3).toFixed(0).padStart(5)} s  ${text}`);
const middle = (readings: readonly Reading[], figure: keyof Reading): number =>
  median(readings.map((each) => each[figure]));
const percent = (ratio: number): string => `${ratio > 1 ? '+' : ''}${Math.round(100 * (ratio - 1))}%`;

const rows = [
  ['work', 'deliveries per CPU-second: Node', 'k6', 'difference', 'p50 ms: Node', 'k6', 'p99 ms: Node', 'k6'],
];
let agrees = true;
for (const { title, node, k6 } of chosen) {
  const readings: { node: Reading; k6: Reading }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    tell(`${title}, round ${round} of ${rounds}`);
    readings.push({ node: await node(), k6: await k6(binary) });
  }
  const [nodes, k6s] = [readings.map((each) => each.node), readings.map((each) => each.k6)];
  // The two of a round ran one after the other: their ratio stands even where the machine's speed drifts.
  const ratio = median(readings.map((each) => each.k6.deliveriesPerCpuSec / each.node.deliveriesPerCpuSec));
  agrees &&= Math.abs(ratio - 1) <= MOST;
  rows.push([
    title,
    toThousands(middle(nodes, 'deliveriesPerCpuSec')),
    toThousands(middle(k6s, 'deliveriesPerCpuSec')),
    percent(ratio),
    ...(['p50Ms', 'p99Ms'] as const).flatMap((figure) => [nodes, k6s].map((all) => middle(all, figure).toFixed(1))),
  ]);
}
const [head = [], ...body] = rows;
console.log([head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
if (!agrees) {
  console.error(`they differ by more than ${100 * MOST}%`);
  process.exitCode = 1;
}
