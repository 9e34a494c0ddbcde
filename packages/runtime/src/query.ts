import { TidingsError } from '@tidings/protocol';

/** The parameters of a query, decoded, in order of appearance; a name that is repeated has several values. */
export type Query = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the query of a request target to the letter: `URLSearchParams` would turn `%ff` into a replacement character and
 * so let two different texts mean one topic.
 * @throws TidingsError `malformed-url` for percent-encoding that is broken or not UTF-8.
 */
export function parseQuery(target: string): Query {
  const query = new Map<string, string[]>();
  const start = target.indexOf('?');
  if (start === -1) return query;
  for (const part of target.slice(start + 1).split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? '' : decode(part.slice(equals + 1));
    const values = query.get(name);
    if (values === undefined) query.set(name, [value]);
    else values.push(value);
  }
  return query;
}

/** Decodes one segment of a path. @throws TidingsError `malformed-url`. */
export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (error) {
    throw new TidingsError('malformed-url', 'The URL has broken percent-encoding.', {}, error);
  }
}

const decode = (text: string): string => decodeSegment(text.replaceAll('+', ' '));

/**
 * The one value of a parameter that may stand once, or `undefined`.
 * @throws TidingsError `invalid-field` when it is repeated.
 */
export function singleValue(query: Query, parameter: string): string | undefined {
  const values = query.get(parameter);
  if (values !== undefined && values.length > 1) {
    throw new TidingsError('invalid-field', `The parameter ${parameter} may stand only once.`, { parameter });
  }
  return values?.[0];
}

/** @throws TidingsError `unknown-field` naming the first parameter that is not among the known ones. */
export function refuseUnknown(query: Query, known: readonly string[]): void {
  for (const parameter of query.keys()) {
    if (!known.includes(parameter)) {
      throw new TidingsError('unknown-field', `There is no parameter ${JSON.stringify(parameter.slice(0, 64))}.`, {
        parameter: parameter.slice(0, 64),
      });
    }
  }
}
