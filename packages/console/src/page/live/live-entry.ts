import type { TidingsEvent, TidingsNotices } from '@tidings/sdk/subscriber';

/** An event as the list shows it. */
export interface LiveEvent {
  readonly kind: 'event';
  /** Its place among all that came to this page, from 1. */
  readonly number: number;
  readonly event: TidingsEvent;
  /** Its data was nested so deep that a browser may fail to write it: a note stands in its place. */
  readonly isTooDeep: boolean;
  /** Its data as text: a string as it is, anything else as compact JSON. */
  readonly text: string;
  /** Bytes of that text as UTF-8. */
  readonly bytes: number;
  readonly arrivedMs: number;
  /** It came out of history as the subscription began: how long it was under way says nothing. */
  readonly isReplayed: boolean;
}

/** The word of the hub that history is gone, where it came among the events. */
export interface LiveGap {
  readonly kind: 'gap';
  readonly number: number;
  readonly gap: TidingsNotices['gap'];
  readonly bytes: 0;
  readonly arrivedMs: number;
}

export type LiveEntry = LiveEvent | LiveGap;

const encoder = new TextEncoder();

/** @param arrivedMs by this machine's clock. */
export function toLiveEvent(event: TidingsEvent, number: number, arrivedMs: number, isReplayed: boolean): LiveEvent {
  const told = toText(event.data);
  const isTooDeep = told === undefined;
  const text = told ?? 'JSON that is nested too deep to be shown';
  return {
    kind: 'event',
    number,
    event: isTooDeep ? { ...event, data: text } : event,
    isTooDeep,
    text,
    bytes: encoder.encode(text).length,
    arrivedMs,
    isReplayed,
  };
}

// Parsing has no bound to its depth, and writing has, which differs with the browser and with what is written.
const MOST_LEVELS = 1_000;

// `undefined` for data that is nested too deep.
function toText(data: unknown): string | undefined {
  if (typeof data === 'string') return data;
  try {
    const text = JSON.stringify(data);
    // Each level has two brackets: most events need no look.
    return text.length > 2 * MOST_LEVELS && isNestedOver(MOST_LEVELS, data) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** Data as one reads it: JSON on lines of its own, with its nesting, but for what is nested so deep that indents are all one sees. */
export function layOut(data: unknown): string {
  if (typeof data !== 'string') return JSON.stringify(data, null, isNestedOver(MOST_INDENTS, data) ? 0 : 2);
  // Text that is JSON was published so by many a `curl -d`.
  if (!/^\s*[[{]/.test(data)) return data;
  try {
    const parsed: unknown = JSON.parse(data);
    return isNestedOver(MOST_INDENTS, parsed) ? data : layOut(parsed);
  } catch {
    return data;
  }
}

// Indents grow with the square of the depth: to gigabytes, for an event of a few kilobytes.
const MOST_INDENTS = 50;

function isNestedOver(levels: number, data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false;
  return levels === 0 || Object.values(data).some((each) => isNestedOver(levels - 1, each));
}

/**
 * Milliseconds from the hub's clock to this machine's, so that it may be below 0 where the two differ; `undefined` for an
 * event out of history.
 */
export function toLatencyMs({ event, arrivedMs, isReplayed }: LiveEvent): number | undefined {
  return isReplayed ? undefined : arrivedMs - Date.parse(event.time);
}

/** Whether topic, name or data hold the text, whatever the case; gaps are always shown. */
export function toEntryFilter(text: string): (entry: LiveEntry) => boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return () => true;
  return (entry) =>
    entry.kind === 'gap' ||
    entry.event.topic.toLowerCase().includes(wanted) ||
    (entry.event.event ?? '').toLowerCase().includes(wanted) ||
    entry.text.toLowerCase().includes(wanted);
}
