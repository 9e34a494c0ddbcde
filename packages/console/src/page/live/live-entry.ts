import type { TidingsEvent, TidingsNotices } from '@tidings/sdk/subscriber';

/** An event as the list shows it. */
export interface LiveEvent {
  readonly kind: 'event';
  /** Its place among all that came to this page, from 1. */
  readonly number: number;
  readonly event: TidingsEvent;
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
  const text = typeof event.data === 'string' ? event.data : JSON.stringify(event.data);
  return { kind: 'event', number, event, text, bytes: encoder.encode(text).length, arrivedMs, isReplayed };
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
