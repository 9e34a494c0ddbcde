import { checkShape } from '@tidings/runtime';
import { z } from 'zod';

/** Does what a page asks for; what it returns is the JSON of the answer. Throws TidingsError for what it can't take. */
export type Action = (input: unknown) => unknown;

/** What a page may ask its back end for, by name: `POST /demo/<app>/<name>`. */
export type BackEnd = Readonly<Record<string, Action>>;

/**
 * An action whose input has exactly these fields.
 * @throws TidingsError `unknown-field` or `invalid-field`, when it is called, for another input.
 */
export function action<const Fields extends z.ZodRawShape>(
  fields: Fields,
  run: (input: z.infer<z.ZodObject<Fields>>) => unknown,
): Action {
  const schema = z.strictObject(fields);
  return (input) => run(checkShape(schema, input, 'pointer') as z.infer<z.ZodObject<Fields>>);
}

/** Who somebody says to be: it becomes the `sub` of a token, and a token of a topic. */
export const name: z.ZodString = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,23}$/, 'A name has 1 to 24 letters, digits and hyphens, a letter first');

/** A line that somebody typed. */
export const text: z.ZodString = z.string().trim().min(1).max(500);

/** What names one of many, such as a ticket or a session. */
export const id: z.ZodString = z.string().regex(/^[\w-]{1,128}$/, 'An id has 1 to 128 letters, digits, `_` and `-`');
