import { TidingsError } from './error.ts';

/** A payload as subscribers get it. */
export interface DeliveredData {
  readonly text: string;
  /** Whether the text is JSON that stands for a value. */
  readonly json: boolean;
}

/** A value of JSON as it is delivered: a text as it is, any other value as compact JSON. @throws TidingsError `invalid-field`. */
export function encodeData(value: unknown): DeliveredData {
  const pointer = '/data';
  if (typeof value === 'string') {
    if (/\p{Cs}/u.test(value)) {
      throw new TidingsError('invalid-field', 'data has a lone surrogate, which no UTF-8 text has.', { pointer });
    }
    return { text: value, json: false };
  }
  try {
    return { text: JSON.stringify(value), json: true };
  } catch (error) {
    // The engine's stack ends at some depth: its parser is iterative, its serialiser is not.
    throw new TidingsError('invalid-field', 'data is nested too deep.', { pointer }, error);
  }
}
