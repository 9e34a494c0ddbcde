import { type ErrorDetails, TidingsError } from '@tidings/protocol';
import type { z } from 'zod';

// A hostile name is echoed, but not at any length.
const MAX_ECHOED_CHARACTERS = 64;

/** How a fault names its place: a JSON pointer into a body, or the name of a query parameter. */
export type FaultPlace = 'pointer' | 'parameter';

/**
 * The value as the schema gives it back.
 * @throws TidingsError `unknown-field` or `invalid-field` for the first fault, with its place.
 */
export function checkShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: FaultPlace,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  // A mistyped name comes first: what is missing is most often missing because of it.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? (issues[0] as z.core.$ZodIssue);
  if (issue.code === 'unrecognized_keys') {
    const name = (issue.keys[0] as string).slice(0, MAX_ECHOED_CHARACTERS);
    throw new TidingsError(
      'unknown-field',
      `There is no field ${JSON.stringify(name)}.`,
      detailsOf([...issue.path, name], place),
    );
  }
  throw new TidingsError('invalid-field', `${issue.message}.`, detailsOf(issue.path, place));
}

function detailsOf(path: readonly PropertyKey[], place: FaultPlace): ErrorDetails {
  if (place === 'parameter') return { parameter: String(path[0] ?? '') };
  // RFC 6901 section 3.
  return { pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') };
}
