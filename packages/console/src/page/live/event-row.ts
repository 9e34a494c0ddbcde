import { html, nothing, type TemplateResult } from 'lit';
import { type LiveEntry, type LiveEvent, type LiveGap, toLatencyMs } from './live-entry.ts';

/** The columns of the list. */
export const COLUMNS = ['Time', 'Topic', 'Name', 'Data', 'Id', 'Bytes', 'Latency'] as const;

// A row is one line: nobody reads more of it, and the browser need not lay out a megabyte.
const MOST_CHARACTERS = 300;

/** Of how a row stands in the list. */
export interface RowPlace {
  /** From 0, among those that are shown. */
  readonly row: number;
  readonly isSelected: boolean;
}

/** The id of a row's element, by the number of its entry. */
export const toRowId = (entry: LiveEntry): string => `event-row-${entry.number}`;

export function renderRow(entry: LiveEntry, { row, isSelected }: RowPlace): TemplateResult {
  return html`
    <div role="row" class="event-row" id=${toRowId(entry)} data-row=${row} data-kind=${entry.kind}
      aria-rowindex=${row + 2} aria-selected=${isSelected}>
      ${entry.kind === 'gap' ? renderGap(entry) : renderCells(entry)}
    </div>
  `;
}

function renderCells(entry: LiveEvent): TemplateResult {
  const { event, text, bytes } = entry;
  return html`
    <span role="gridcell" class="number">${toClock(Date.parse(event.time))}</span>
    <span role="gridcell">${event.topic}</span>
    <span role="gridcell">${event.event ?? nothing}</span>
    <span role="gridcell">${text.slice(0, MOST_CHARACTERS)}</span>
    <span role="gridcell">${event.id ?? 'not stored'}</span>
    <span role="gridcell" class="number">${bytes}</span>
    <span role="gridcell" class="number">${describeLatency(entry)}</span>
  `;
}

function renderGap({ gap, arrivedMs }: LiveGap): TemplateResult {
  return html`
    <span role="gridcell" class="number">${toClock(arrivedMs)}</span>
    <span role="gridcell" aria-colspan=${COLUMNS.length - 1} class="event-gap">Gap: ${describeGap(gap.reason)}</span>
  `;
}

/** What a gap means, as the end of a sentence. */
export function describeGap(reason: LiveGap['gap']['reason']): string {
  if (reason === 'expired') return 'events were missed, which history no longer holds.';
  if (reason === 'forbidden') return 'the token no longer grants all topics.';
  return 'the hub began a new history, so that what came between is not known.';
}

export function describeLatency(entry: LiveEvent): string {
  const latencyMs = toLatencyMs(entry);
  return latencyMs === undefined ? 'replayed' : `${latencyMs} ms`;
}

// `toLocaleTimeString` takes 20 times as long, for each row of each frame.
function toClock(ms: number): string {
  const time = new Date(ms);
  const two = (part: number): string => String(part).padStart(2, '0');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${clock}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
