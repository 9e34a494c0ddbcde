import { parseArgs } from 'node:util';
import type { ArgDef, ArgsDef } from 'citty';
import { UsageError } from './command-error.ts';
import { suggestionFor } from './suggestion.ts';
import { toQuoted } from './terminal-text.ts';

/** What is checked of a command line before its command runs. */
export interface CommandLine {
  /** The words after the command's name. */
  readonly words: readonly string[];
  readonly args: ArgsDef;
  /** Whether the last positional word may come several times. */
  readonly isVariadic: boolean;
}

type Token = ReturnType<typeof parse>[number];

/**
 * citty takes whatever it is given. A mistyped option must not count as one that was not given, and a word too many is a
 * mistake too.
 * @throws UsageError that says what is wrong, and what was probably meant.
 */
export function checkCommandLine({ words, args, isVariadic }: CommandLine): void {
  const tokens = parse(words, args);
  for (const token of tokens) if (token.kind === 'option') checkOption(token, args);
  const given = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const wanted = Object.entries(args).filter(([, { type }]) => type === 'positional');
  const missing = wanted.slice(given.length).find(([, { required }]) => required !== false);
  if (missing) throw new UsageError(`<${missing[0]}> is missing.`);
  const extra = given[wanted.length];
  if (extra !== undefined && !isVariadic) {
    throw new UsageError(`${toQuoted(extra)} is one word too many. What has spaces in it goes into quotes.`);
  }
}

/** All values of an option that may come several times, in order. */
export function valuesOf(words: readonly string[], args: ArgsDef, name: string): string[] {
  return parse(words, args).flatMap((token) =>
    token.kind === 'option' && token.name === name && token.value !== undefined ? [token.value] : [],
  );
}

function parse(words: readonly string[], args: ArgsDef) {
  const options = Object.entries(args)
    .filter(([, { type }]) => type !== 'positional')
    .map(([name, { type }]) => [name, { type: type === 'boolean' ? 'boolean' : 'string' }] as const);
  return parseArgs({
    args: [...words],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

function checkOption(token: Token & { kind: 'option' }, args: ArgsDef): void {
  const { name, rawName, value, inlineValue } = token;
  const positive = name.replace(/^no-/, '');
  const isNegative = isBoolean(args[positive]) && name !== positive;
  const argument = isNegative ? args[positive] : args[name];
  if (argument === undefined || argument.type === 'positional') throw unknownOption(rawName, args);
  if (isBoolean(argument)) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
  } else if (value === undefined || value === '' || (!inlineValue && /^-./.test(value))) {
    // The parser takes whatever comes next.
    throw new UsageError(`${rawName} needs a value. One that begins with "-" is given as ${rawName}=…`);
  }
}

const isBoolean = (argument: ArgDef | undefined): boolean => argument?.type === 'boolean';

function unknownOption(rawName: string, args: ArgsDef): UsageError {
  if (!rawName.startsWith('--')) {
    return new UsageError(`There is no option ${rawName}. A word that begins with "-" comes after "--".`);
  }
  const known = Object.entries(args)
    .filter(([, { type }]) => type !== 'positional')
    .map(([name, { type, default: preset }]) => (type === 'boolean' && preset === true ? `no-${name}` : name));
  const meant = suggestionFor(rawName.slice(2), [...known, 'help']);
  return new UsageError(`There is no option ${rawName}.${meant ? ` Did you mean --${meant}?` : ''}`);
}
