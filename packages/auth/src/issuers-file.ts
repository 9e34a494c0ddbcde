import { isTenant } from '@tidings/protocol';
import { z } from 'zod';

/** One issuer of the issuers file; it has either a `jwksUrl` or a `publicKey`. */
export interface IssuerEntry {
  /** Exactly what stands in `iss`. */
  readonly issuer: string;
  readonly jwksUrl?: string | undefined;
  /** PEM text, or the path of a PEM file. */
  readonly publicKey?: string | undefined;
  readonly audience?: string | undefined;
  readonly tenants?: readonly string[] | undefined;
}

// zod's own words would quote values, and a value may be a secret in a wrong place.
const text = z.string('is not a text').min(1, 'is empty');

const isRepeated = <Item>(item: Item, place: number, items: readonly Item[]): boolean => items.indexOf(item) !== place;

const entry = z
  .strictObject(
    {
      issuer: text,
      jwksUrl: text.optional(),
      publicKey: text.optional(),
      audience: text.optional(),
      tenants: z
        .array(z.string('is not a text').refine(isTenant, 'is not the name of a tenant'), 'is not a list')
        .min(1, 'is empty: leave it out for any tenant')
        .refine((tenants) => !tenants.some(isRepeated), 'names a tenant twice')
        .optional(),
    },
    { error: faultOf },
  )
  .refine(({ jwksUrl, publicKey }) => (jwksUrl === undefined) !== (publicKey === undefined), {
    error: 'needs one of jwksUrl and publicKey, and not both',
    when: ({ issues }) => issues.length === 0,
  });

const file = z.strictObject(
  {
    issuers: z
      .array(entry, 'is not a list')
      .min(1, 'is empty')
      .superRefine((entries, context) => {
        for (const [place, { issuer }] of entries.entries()) {
          const names = entries.map((each) => each.issuer);
          if (isRepeated(issuer, place, names)) {
            context.addIssue({ code: 'custom', path: [place, 'issuer'], message: 'stands there twice' });
          }
        }
      }),
  },
  { error: faultOf },
);

type ObjectIssue = z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType<unknown> | z.core.$ZodIssueUnrecognizedKeys>;

function faultOf(issue: ObjectIssue): string {
  if (issue.code !== 'unrecognized_keys') return 'is not an object';
  return `has an unknown member ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
}

/**
 * Reads the issuers file: `{ "issuers": [ { "issuer", "jwksUrl" or "publicKey", "audience"?, "tenants"? } ] }`. Does not
 * look at the keys themselves.
 * @throws TypeError that lists every problem, one a line, and quotes no value of the file.
 */
export function parseIssuersFile(jsonText: string): readonly IssuerEntry[] {
  const result = file.safeParse(parseJson(jsonText));
  if (result.success) return result.data.issuers;
  throw new TypeError(result.error.issues.map(({ path, message }) => `${toPlace(path)} ${message}.`).join('\n'));
}

function parseJson(jsonText: string): unknown {
  try {
    return JSON.parse(jsonText);
  } catch {
    // Without the cause: it quotes the text.
    throw new TypeError('The file is not JSON.');
  }
}

/** A place in the file as a person would write it, `issuers[0].tenants`. */
function toPlace(path: readonly PropertyKey[]): string {
  const place = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return place === '' ? 'The file' : place.slice(1);
}
