import type { Ignored } from './rule.ts';

/** What subscribers get of a delivery. */
export interface DeliveredData {
  readonly text: string;
  /** Whether the text is JSON that stands for a value. */
  readonly json: boolean;
}

/**
 * The value that a rule picked, as it is delivered: a text as it is, any other value as compact JSON. What no event can have
 * is ignored: nobody can put it right, and as an error it would come again and again.
 */
export function encodeDeliveredData(value: unknown): DeliveredData | Ignored {
  if (typeof value === 'string') {
    if (/\p{Cs}/u.test(value)) return { ignored: 'data has a lone surrogate, which no UTF-8 text has.' };
    return { text: value, json: false };
  }
  try {
    return { text: JSON.stringify(value), json: true };
  } catch {
    // The engine's stack ends at some depth: its parser is iterative, its serialiser is not.
    return { ignored: 'data is nested too deep.' };
  }
}
