import { type Delivery, type Place, parsePlace, readPlace } from './place.ts';

/** Text with places of a delivery in braces: `ci.{/repository/name}.{header:x-github-event}`. */
export interface Template {
  /** The text before, between and after the places: one more than there are of those. */
  readonly literals: readonly string[];
  readonly places: readonly Place[];
}

/** A template with its values put in, or the first place that had none. */
export type Filled =
  | { readonly text: string; readonly missing?: undefined }
  | { readonly missing: string; readonly text?: undefined };

/**
 * Reads a template. A brace stands only around a place, so that no text and no pointer of a template has one.
 * @throws TypeError with the reason, as the end of a sentence.
 */
export function parseTemplate(text: string): Template {
  const literals: string[] = [];
  const places: Place[] = [];
  let from = 0;
  for (const { 0: braced, 1: inner = '', index } of text.matchAll(/\{([^{}]*)\}/g)) {
    literals.push(text.slice(from, index));
    places.push(parseBraced(braced, inner));
    from = index + braced.length;
  }
  literals.push(text.slice(from));
  if (literals.some((literal) => /[{}]/.test(literal))) throw new TypeError('has a brace without its other one');
  return { literals, places };
}

function parseBraced(braced: string, inner: string): Place {
  try {
    return parsePlace(inner);
  } catch (error) {
    throw new TypeError(`has ${braced}, which ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Puts the values of a delivery into a template. A value is a text that is not empty, a number or a boolean; anything
 * else, `null`, objects, arrays and integers beyond 2^53 included, is none.
 * @param encode what becomes of each value before it is put in.
 */
export function fillTemplate(
  { literals, places }: Template,
  delivery: Delivery,
  encode: (value: string) => string = (value) => value,
): Filled {
  let text = literals[0] ?? '';
  for (const [at, place] of places.entries()) {
    const value = toText(readPlace(place, delivery));
    if (value === '') return { missing: place.text };
    text += encode(value) + (literals[at + 1] ?? '');
  }
  return { text };
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return isExact(value) ? String(value) : '';
  return typeof value === 'boolean' ? String(value) : '';
}

// Beyond these JSON's reader has made one number of several: two customers would share a topic, and two deliveries an id.
const isExact = (value: number): boolean =>
  Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
