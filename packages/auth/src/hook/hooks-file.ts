import { isTenant, isTopic } from '@tidings/protocol';
import { z } from 'zod';
import { parsePlace } from './place.ts';
import { type Pointer, parsePointer } from './pointer.ts';
import type { Rule } from './rule.ts';
import type { Provider } from './signature.ts';
import { parseTemplate, type Template } from './template.ts';

// zod's own words would quote values, and a value may be a secret in a wrong place.
const text = z.string('is not a text').min(1, 'is empty');

/** A text as `read` gives it back; the fault is what `read` throws. */
function readAs<Value>(schema: z.ZodType<string>, read: (given: string) => Value): z.ZodType<Value> {
  return schema.transform((given, context) => {
    try {
      return read(given);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  });
}

const template = readAs(text, parseTemplate);
const topic = readAs(text, parseTopicTemplate);

const secret = z.union(
  [z.strictObject({ env: text }), z.strictObject({ file: text })],
  'is not {"env": "<variable>"} or {"file": "<path>"}',
);

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], 'is not a text, a number, true, false or null');

const conditions = z
  .record(z.string(), z.union([scalar, z.array(scalar).min(1, 'is empty')], 'is no value, and no list of values'))
  .transform((when, context) =>
    Object.entries(when).flatMap(([place, value]) => {
      try {
        return [{ place: parsePlace(place), values: [value].flat() }];
      } catch (error) {
        context.addIssue({ code: 'custom', path: [place], message: (error as Error).message });
        return [];
      }
    }),
  );

const hook = z.strictObject(
  {
    name: text.regex(/^[\w-]{1,64}$/, 'is not 1 to 64 letters, digits, _ and -'),
    provider: z.enum(['standard', 'github', 'stripe'], 'is not standard, github or stripe'),
    secret: z
      .union(
        [secret, z.array(secret).min(1, 'is empty')],
        'is not {"env": "<variable>"} or {"file": "<path>"}, or a list of them',
      )
      .transform((given) => [given].flat()),
    tenant: z.string('is not a text').refine(isTenant, 'is not the name of a tenant').default('default'),
    when: conditions.default([]),
    topic,
    event: template.optional(),
    id: template.optional(),
    data: readAs(z.string('is not a text'), parsePointer).default([]),
  },
  { error: faultOf },
);

const file = z.strictObject(
  {
    hooks: z
      .array(hook, 'is not a list')
      .min(1, 'is empty')
      .superRefine((hooks, context) => {
        const names = hooks.map(({ name }) => name);
        for (const [place, name] of names.entries()) {
          if (names.indexOf(name) === place) continue;
          context.addIssue({ code: 'custom', path: [place, 'name'], message: 'stands there twice' });
        }
      }),
  },
  { error: faultOf },
);

/** One hook of the hooks file, with its rule read, and its secrets still where they are. */
export interface HookEntry {
  readonly name: string;
  readonly provider: Provider;
  readonly secret: readonly SecretSource[];
  readonly tenant: string;
  readonly when: Rule['when'];
  readonly topic: Template;
  readonly event?: Template | undefined;
  readonly id?: Template | undefined;
  readonly data: Pointer;
}

/** Where a secret is. */
export type SecretSource = { readonly env: string } | { readonly file: string };

type ObjectIssue = z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType<unknown> | z.core.$ZodIssueUnrecognizedKeys>;

function faultOf(issue: ObjectIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.input === undefined ? 'is missing' : 'is not an object';
  return `has an unknown member ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
}

/** The template of a topic, which is one whatever values are put in. */
function parseTopicTemplate(given: string): Template {
  const parsed = parseTemplate(given);
  if (!isTopic(parsed.literals.join('x'))) throw new TypeError('is not a topic, whatever its values are');
  return parsed;
}

/**
 * Reads the hooks file (docs/guides/webhooks-in.md).
 * @throws TypeError that lists every problem, one a line, each with the name of its hook, and quotes no value of the file
 *   but names and places.
 */
export function parseHooksFile(jsonText: string): readonly HookEntry[] {
  const given = parseJson(jsonText);
  const result = file.safeParse(given);
  if (result.success) return result.data.hooks;
  throw new TypeError(result.error.issues.map(({ path, message }) => `${toPlace(path, given)} ${message}.`).join('\n'));
}

function parseJson(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText);
  } catch {
    // Without the cause: it quotes the text.
    throw new TypeError('The file is not JSON.');
  }
}

/** A place in the file as a person would write it, `hooks[0] "github": when["/action"]`. */
function toPlace(path: readonly PropertyKey[], given: unknown): string {
  const [list, place, ...rest] = path;
  if (list === undefined) return 'The file';
  if (place === undefined) return String(list);
  const name = (given as { hooks: { name?: unknown }[] }).hooks[Number(place)]?.name;
  const named = typeof name === 'string' && /^[\w-]{1,64}$/.test(name) ? ` "${name}"` : '';
  const inner = rest.map((part, depth) => (depth === 0 ? String(part) : `[${JSON.stringify(part)}]`)).join('');
  return `hooks[${String(place)}]${named}${inner === '' ? '' : `: ${inner}`}`;
}
