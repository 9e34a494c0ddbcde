import { isEventName } from '@tidings/protocol';
import { lastHeader } from './raw-message.ts';

/** What the headers say of an event that ingest wrote there. */
export interface EventMarks {
  readonly event: string;
  readonly json: boolean;
  readonly final: boolean;
  readonly exclude: string;
  /** 0 where it is kept for as long as history is. */
  readonly ttlSec: number;
}

export const UNMARKED: EventMarks = { event: '', json: false, final: false, exclude: '', ttlSec: 0 };

/** Reads the marks from a header block, or from a part of one that has all of them, each line between line breaks. */
export function readMarks(headers: string): EventMarks {
  const ttlSec = Math.max(0, Number.parseInt(lastHeader(headers, 'Nats-TTL') ?? '', 10) || 0);
  // Most events have none of these: one look tells.
  if (!headers.includes('\r\nTd-')) return ttlSec > 0 ? { ...UNMARKED, ttlSec } : UNMARKED;
  return {
    event: toEventName(fromHeaderText(lastHeader(headers, 'Td-Event'))),
    json: headers.includes('\r\nTd-Json: '),
    final: headers.includes('\r\nTd-Final: '),
    exclude: fromHeaderText(lastHeader(headers, 'Td-Exclude')),
    ttlSec,
  };
}

// Whoever may publish past ingest may have written anything: it must neither stop the feed nor reach into the wire.
function fromHeaderText(text: string | undefined): string {
  if (text === undefined) return '';
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function toEventName(text: string): string {
  return text === '' || isEventName(text) ? text : '';
}
