import { exactScale, linearScale, logScale, type Scale } from './scale.ts';

/** Values of one kind, from left to right. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  readonly log?: boolean;
  /** A value that the axis must reach down to; the ordinate goes down to 0 anyway. */
  readonly from?: number;
}

export interface LineChart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** Seven at most; a series without points is left out. */
  readonly series: readonly Series[];
  /** Moments at which something happened; a label is a number or a short word. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
  /** Each point gets a dot: for a few measured values, between which the line is a guess. */
  readonly dots?: boolean;
}

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 16;
const TOP = 58;
const BOTTOM = 44;
const PLOT = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
const CHARACTER = 7.2;
export const MOST_SERIES = 7;

const LIGHT = ['#0a6ebd', '#c2500a', '#2a7d3b', '#8a4bb8', '#8a6a00', '#b81c5a', '#00707a'];
const DARK = ['#4ba3ec', '#f0883e', '#56c271', '#c493f0', '#d9b44a', '#f778a8', '#3fc2cc'];
const colours = (values: readonly string[]): string =>
  values.map((value, index) => `.s${index} { stroke: ${value}; } .d${index} { fill: ${value}; }`).join(' ');

// The colours of both schemes: the text must be readable on the page that the image stands on.
const STYLE = `
  .chart text { font: 12px system-ui, sans-serif; fill: #57606a; }
  .chart .title { font-weight: 600; font-size: 15px; fill: #24292f; }
  .chart .grid { stroke: #d8dee4; } .chart .axis { stroke: #8c959f; }
  .chart .mark { stroke: #8c959f; stroke-dasharray: 4 3; } .chart .told { font-size: 11px; }
  .chart .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  ${colours(LIGHT)}
  @media (prefers-color-scheme: dark) {
    .chart text { fill: #9da7b1; } .chart .title { fill: #e6edf3; }
    .chart .grid { stroke: #30363d; } .chart .axis { stroke: #6e7681; }
    ${colours(DARK)}
  }`;

/** An image that stands by itself or in a page: axes with units, a line for each series, a legend. @throws RangeError for too many series. */
export function toLineChart({ title, x, y, series, marks = [], dots = false }: LineChart): string {
  const drawn = series.filter(({ points }) => points.length > 0);
  if (drawn.length > MOST_SERIES) throw new RangeError(`${drawn.length} series are more than ${MOST_SERIES}`);
  const points = drawn.flatMap((each) => each.points);
  const across = x.log
    ? logScale(points.map(([at]) => at))
    : exactScale([...(x.from === undefined ? [] : [x.from]), ...points.map(([at]) => at)]);
  const up = y.log ? logScale(points.map(([, value]) => value)) : linearScale(points.map(([, value]) => value));
  const at = ([px, py]: readonly [number, number]): [number, number] => [
    LEFT + across.place(px) * PLOT.width,
    TOP + (1 - up.place(py)) * PLOT.height,
  ];
  const body = [
    ...grid(across, up),
    ...marks.map((mark) => toMark(mark, across)),
    ...drawn.map((each, index) => toLine(each, index, at, dots)),
    legend(drawn),
  ];
  const summary = `${title}: ${drawn.map(({ name }) => name).join(', ')}`;
  return `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(summary)}">
<style>${STYLE}
</style>
<text class="title" x="0" y="18">${escapeXml(title)}</text>
<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${escapeXml(x.label)}</text>
<text x="${WIDTH - RIGHT}" y="18" text-anchor="end">${escapeXml(y.label)}</text>
${body.join('\n')}
</svg>
`;
}

function* grid(across: Scale, up: Scale): Generator<string> {
  const bottom = TOP + PLOT.height;
  for (const tick of up.ticks) {
    const y = round(TOP + (1 - up.place(tick)) * PLOT.height);
    yield `<line class="${tick === up.ticks[0] ? 'axis' : 'grid'}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${toShort(tick)}</text>`;
  }
  for (const tick of across.ticks) {
    const x = round(LEFT + across.place(tick) * PLOT.width);
    yield `<line class="axis" x1="${x}" x2="${x}" y1="${bottom}" y2="${bottom + 4}"/><text x="${x}" y="${bottom + 18}" text-anchor="middle">${toShort(tick)}</text>`;
  }
}

function toLine(
  { name, points }: Series,
  index: number,
  at: (point: readonly [number, number]) => [number, number],
  dots: boolean,
): string {
  const places = points.map((point) => at(point).map(round).join(','));
  const circles =
    dots || places.length === 1
      ? places.map((place) => {
          const [cx, cy] = place.split(',');
          return `<circle class="d${index}" cx="${cx}" cy="${cy}" r="3.5"/>`;
        })
      : [];
  return `<g><title>${escapeXml(name)}</title><polyline class="line s${index}" points="${places.join(' ')}"/>${circles.join('')}</g>`;
}

function toMark({ x, label }: { x: number; label: string }, across: Scale): string {
  const left = round(LEFT + Math.min(1, Math.max(0, across.place(x))) * PLOT.width);
  return `<line class="mark" x1="${left}" x2="${left}" y1="${TOP}" y2="${TOP + PLOT.height}"/><text class="told" x="${left}" y="${TOP - 4}" text-anchor="middle">${escapeXml(label)}</text>`;
}

function legend(series: readonly Series[]): string {
  let x = 0;
  return series
    .map(({ name }, index) => {
      const here = x;
      x += 22 + name.length * CHARACTER + 14;
      return `<rect class="d${index}" x="${round(here)}" y="33" width="12" height="4" rx="2"/><text x="${round(here + 18)}" y="40">${escapeXml(name)}</text>`;
    })
    .join('');
}

/** 1,500 as `1.5k`: what stands beside a line of the grid must be short. */
function toShort(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`;
  if (size >= 1e3) return `${Number((value / 1e3).toPrecision(3))}k`;
  return `${Number(value.toPrecision(3))}`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
