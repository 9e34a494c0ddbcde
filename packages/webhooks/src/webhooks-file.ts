import { isPattern, isTenant } from '@tidings/protocol';
import { z } from 'zod';

/** What endpoints can be told of. */
export const HOOK_TYPES = [
  'session.opened',
  'session.closed',
  'presence.entered',
  'presence.left',
  'user.unreached',
] as const;

export type HookType = (typeof HOOK_TYPES)[number];

/** Where a secret is: never in the file itself. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** Somebody who is told. */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  /** The first signs, and so does each of the others, for as long as one is being replaced. */
  readonly secrets: readonly SecretReference[];
  readonly types: ReadonlySet<HookType>;
  /** Topics and patterns whose presence is told. */
  readonly topics: readonly string[];
  /** `undefined`: all. */
  readonly tenants: ReadonlySet<string> | undefined;
  /** Whether it may be at an address that the public internet does not reach, and be spoken to without TLS. */
  readonly allowPrivate: boolean;
}

/** What a webhooks file says. */
export interface WebhooksPlan {
  readonly endpoints: readonly Endpoint[];
  /** Seconds after which a user counts as not reached. */
  readonly unreachedAfterSec: number;
}

const TYPE_PATTERNS: readonly string[] = ['*', 'session.*', 'presence.*', ...HOOK_TYPES];

// zod's own words would quote values, and a value may be a secret in a wrong place.
const text = z.string('is not a text').min(1, 'is empty');
const isUnique = (items: readonly unknown[]): boolean => new Set(items).size === items.length;

const secret = z.union([z.strictObject({ env: text }), z.strictObject({ file: text })], {
  error: 'is not {"env": "NAME"} or {"file": "/path"}',
});

const endpoint = z
  .strictObject(
    {
      name: z
        .string('is not a text')
        .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'is not 1-32 lower-case letters, digits and hyphens'),
      url: z.string('is not a text').refine(isAddress, 'is not an http(s) URL without user, password and fragment'),
      secret: z.union([secret, z.array(secret).min(1, 'is empty')], {
        error: 'is not {"env": "NAME"} or {"file": "/path"}, or a list of such',
      }),
      events: z
        .array(
          z
            .string('is not a text')
            .refine((name) => TYPE_PATTERNS.includes(name), `is none of ${TYPE_PATTERNS.join(', ')}`),
          'is not a list',
        )
        .min(1, 'is empty'),
      topics: z
        .array(z.string('is not a text').refine(isPattern, 'is no topic or pattern'), 'is not a list')
        .default([]),
      tenants: z
        .array(z.string('is not a text').refine(isTenant, 'is not the name of a tenant'), 'is not a list')
        .min(1, 'is empty: leave it out for any tenant')
        .optional(),
      allowPrivate: z.boolean('is not true or false').default(false),
    },
    { error: faultOf },
  )
  .superRefine(({ url, events, topics, allowPrivate }, context) => {
    const note = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (!allowPrivate && URL.canParse(url) && new URL(url).protocol === 'http:')
      note('url', 'is without TLS, which needs "allowPrivate": true');
    const tellsPresence = events.some((name) => name === '*' || name.startsWith('presence.'));
    if (tellsPresence && topics.length === 0) note('topics', 'is missing: of which topics presence is told');
    if (!tellsPresence && topics.length > 0) note('topics', 'means nothing without presence.* among the events');
  });

const file = z.strictObject(
  {
    unreachedAfterSec: z
      .int('is not a whole number')
      .min(1, 'is not 1 to 3600')
      .max(3600, 'is not 1 to 3600')
      .default(30),
    endpoints: z
      .array(endpoint, 'is not a list')
      .min(1, 'is empty')
      .refine((all) => isUnique(all.map(({ name }) => name)), 'has a name twice'),
  },
  { error: faultOf },
);

function isAddress(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return /^https?:$/.test(protocol) && `${username}${password}${hash}` === '';
}

function faultOf(
  issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType<unknown> | z.core.$ZodIssueUnrecognizedKeys>,
): string {
  if (issue.code !== 'unrecognized_keys') return 'is not an object';
  return `has an unknown member ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
}

/**
 * Reads the webhooks file; docs/guides/webhooks.md has all its members. No secret is looked up.
 * @throws TypeError that lists every problem, one a line, and quotes no value of the file.
 */
export function parseWebhooksFile(jsonText: string): WebhooksPlan {
  const result = file.safeParse(parseJson(jsonText));
  if (!result.success) {
    throw new TypeError(result.error.issues.map(({ path, message }) => `${toPlace(path)} ${message}.`).join('\n'));
  }
  const { unreachedAfterSec, endpoints } = result.data;
  return {
    unreachedAfterSec,
    endpoints: endpoints.map(({ name, url, secret: secrets, events, topics, tenants, allowPrivate }) => ({
      name,
      url,
      secrets: Array.isArray(secrets) ? secrets : [secrets],
      types: new Set(HOOK_TYPES.filter((type) => events.some((pattern) => isOf(pattern, type)))),
      topics,
      tenants: tenants && new Set(tenants),
      allowPrivate,
    })),
  };
}

const isOf = (pattern: string, type: HookType): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

function parseJson(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText);
  } catch {
    // Without the cause: it quotes the text.
    throw new TypeError('The file is not JSON.');
  }
}

function toPlace(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return place === '' ? 'The file' : place.slice(1);
}
