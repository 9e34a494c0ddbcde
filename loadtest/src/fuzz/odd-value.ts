import type { Chance } from '../chaos/chance.ts';

const long = (count: number): string => 'x'.repeat(count);

/** Text that parsers, encoders and subjects have been broken with. */
const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '>',
  '*',
  '*.>',
  'a..b',
  '.a',
  'a.',
  'a.*.b',
  '$SYS.x',
  '$hub.audit',
  '_INBOX.x',
  'hub.bye',
  'a\r\nb: c',
  'a\n\nevent: evil\ndata: 1\n\n',
  'a\rb',
  'a\0b',
  'a\u0085b',
  'a\u2028b',
  'a\u202eb',
  '\ufeffa',
  '\ud800',
  'k\u00f6ln',
  '😀',
  'e\u0301',
  '../../etc/passwd',
  '%2e%2e%2f',
  '%00',
  '%zz',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'true',
  'NaN',
  '-1',
  '0',
  '1e999',
  '0x10',
  '1.5',
  '9007199254740993',
  '1000000000000',
  '2090-01-01T00:00:00Z',
  '1970-01-01',
  '+1',
  '{}',
  '[]',
  '"',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  '{{7*7}}',
  long(128),
  long(129),
  long(256),
  long(5_000),
  `${'a.'.repeat(15)}a`,
  `${'a.'.repeat(16)}a`,
];

const ODD_NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1.5,
  1e12,
  1e20,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  -1e9,
];

const ODD_JSON: readonly string[] = [
  'null',
  'true',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"a":{"b":{}}}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '1e999',
  '-0',
  '9007199254740993',
  '"\\ud800"',
  '"\\u0000"',
  `${'['.repeat(300)}${']'.repeat(300)}`,
  `[${'1,'.repeat(1_200)}1]`,
];

/** Any of the texts above, or a few of them together. */
export function oddText(chance: Chance): string {
  const text = chance.pick(ODD_TEXTS);
  return chance.happens(0.15) ? `${text}${chance.pick(ODD_TEXTS)}`.slice(0, 8_000) : text;
}

/** A JSON text of a wrong type, of a wrong size, or with a trap in it. */
export function oddJson(chance: Chance): string {
  if (chance.happens(0.4)) return JSON.stringify(oddText(chance));
  if (chance.happens(0.4)) return JSON.stringify(chance.pick(ODD_NUMBERS));
  return chance.pick(ODD_JSON);
}

/** A text as part of a URL, now and then encoded in a way that nobody should. */
export function toUrlPart(chance: Chance, text: string): string {
  if (chance.happens(0.03)) return chance.pick(['%', '%z', '%zz', '%ff', '%c0%ae', '%ed%a0%80', '%00', '%', '%u0041']);
  const encoded = encodeURIComponent(Buffer.from(text).toString());
  if (chance.happens(0.05)) return encodeURIComponent(encoded);
  if (chance.happens(0.05))
    return Buffer.from(text)
      .reduce((url, byte) => `${url}%${toHex(byte)}`, '')
      .slice(0, 3_000);
  return encoded;
}

const toHex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** Methods that exist, and some that do not. */
export const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'BREW',
  'get',
  'G\u00cbT',
  'QUERY',
];
