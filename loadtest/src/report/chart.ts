import { toThousands } from './cells.ts';
import { escapeXml } from './line-chart.ts';
import type { Row } from './row.ts';

const WIDTH = 860;
const LABEL_WIDTH = 400;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 14;
const ROW_HEIGHT = 44;
const TOP = 56;
const BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH;

// The colours of both schemes: the text must be readable on the page that the image stands on.
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 15px; }
  .small { font-size: 12px; fill: #57606a; }
  .tidings { fill: #0a6ebd; }
  .floor { fill: #b5bcc4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9da7b1; }
    .tidings { fill: #4ba3ec; }
    .floor { fill: #57606a; }
  }`;

/** Rows that have a rate and a floor, as two bars each on a scale of their own: orders of size lie between them. */
export function toChart(rows: readonly Row[]): string {
  const bars = rows.filter((row) => row.rate !== undefined && row.floor !== undefined);
  const height = TOP + bars.length * ROW_HEIGHT + 8;
  const body = bars.map((row, index) => toBars(row, TOP + index * ROW_HEIGHT)).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Work for each second of CPU time, beside raw Node">
<style>${STYLE}
</style>
<text class="title" x="0" y="18">For each second of CPU time of the server</text>
<rect class="tidings" x="0" y="30" width="12" height="12"/><text class="small" x="18" y="41">Tidings</text>
<rect class="floor" x="84" y="30" width="12" height="12"/><text class="small" x="102" y="41">raw Node, the same run; each pair on a scale of its own</text>
${body}</svg>
`;
}

function toBars({ title, rate, floor }: Row, y: number): string {
  const [own, raw] = [rate?.perCpuSec ?? 0, floor?.perCpuSec ?? 0];
  const most = Math.max(own, raw);
  const bar = (kind: string, value: number, at: number): string => {
    const width = most === 0 ? 0 : Math.round((value / most) * BAR_WIDTH);
    return `<rect class="${kind}" x="${LABEL_WIDTH}" y="${at}" width="${width}" height="${BAR_HEIGHT}" rx="2"/><text class="small" x="${LABEL_WIDTH + width + 6}" y="${at + 11}">${toThousands(value)}</text>\n`;
  };
  return `<text x="0" y="${y + 20}">${escapeXml(title)}</text>
${bar('tidings', own, y + 2)}${bar('floor', raw, y + 4 + BAR_HEIGHT)}`;
}
