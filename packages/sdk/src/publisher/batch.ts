import type { EventLine } from './event-line.ts';

/** What one request may have. */
export interface BatchLimits {
  readonly maxBytes: number;
  /** An event counts once for each of its topics. */
  readonly maxResults: number;
}

/** The lines from `start` on that fit in one request: always one, however large it is. */
export function takeBatch(
  lines: readonly EventLine[],
  start: number,
  { maxBytes, maxResults }: BatchLimits,
): EventLine[] {
  let bytes = 0;
  let results = 0;
  let end = start;
  for (const line of lines.slice(start, start + maxResults)) {
    bytes += line.bytes.length;
    results += line.topics.length;
    if (end > start && (bytes > maxBytes || results > maxResults)) break;
    end += 1;
  }
  return lines.slice(start, end);
}

/** The body of a request with these lines. */
export function toBody(lines: readonly EventLine[]): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(lines.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of lines) {
    body.set(bytes, at);
    at += bytes.length;
  }
  return body;
}
