import { TidingsError } from '@tidings/protocol';
import { type Query, singleValue } from '@tidings/runtime';

/**
 * A parameter that says how many, from 1 to `most`.
 * @throws TidingsError `invalid-field`.
 */
export function parseCount(query: Query, parameter: string, most: number, fallback: number): number {
  const text = singleValue(query, parameter);
  if (text === undefined) return fallback;
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= most) return count;
  throw new TidingsError('invalid-field', `${parameter} is a whole number from 1 to ${most}.`, { parameter });
}
