import type { RequestHead } from '@tidings/runtime';
import { type Pointer, parsePointer, valueAt } from './pointer.ts';

/** What came: the JSON value of the body, and the headers that stood before it. */
export interface Delivery {
  readonly body: unknown;
  readonly headers: RequestHead['headers'];
}

/** Where a value of a delivery stands: in its body by a JSON pointer, or in a header. */
export interface Place {
  /** As it is written: `/workflow_run/id`, `header:x-github-event`. */
  readonly text: string;
  readonly header: string | undefined;
  readonly pointer: Pointer;
}

/** Reads a place. @throws TypeError with the reason, as the end of a sentence. */
export function parsePlace(text: string): Place {
  const header = /^header:(.*)$/s.exec(text)?.[1];
  if (header === undefined) return { text, header, pointer: parsePointer(text) };
  // RFC 9110 section 5.1; Node gives names in lower case.
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(header)) throw new TypeError('is not the name of a header');
  return { text, header: header.toLowerCase(), pointer: [] };
}

/** The value at a place; `undefined` where there is none. */
export function readPlace({ header, pointer }: Place, { body, headers }: Delivery): unknown {
  if (header === undefined) return valueAt(body, pointer);
  return Object.hasOwn(headers, header) ? headers[header] : undefined;
}
