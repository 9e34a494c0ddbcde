import type { ArgDef } from 'citty';
import type { Command } from './command.ts';
import { loadSubCommands, type NamedCommand } from './command-tree.ts';

const WIDTH = 100;
const LABEL_WIDTH = 26;

/** The help of a command, or the list of those below it: lines of up to 100 characters, without colours. */
export async function helpOf({ path, command }: NamedCommand): Promise<string> {
  const { meta, args = {}, examples = [] } = command;
  const below = await loadSubCommands(command);
  const words = Object.entries(args).filter(([, { type }]) => type === 'positional');
  const options = Object.entries(args).filter(([, { type }]) => type !== 'positional');
  const isGroup = below.length > 0;
  const usage = isGroup ? ['<command>'] : words.map(([name, arg], place) => usageOf(name, arg, place, words, command));
  return [
    `Usage: ${[...path, ...(isGroup ? [] : ['[options]']), ...usage].join(' ')}`,
    '',
    ...wrap(meta.description ?? '', WIDTH),
    ...section(
      'Arguments',
      words.map(([name, arg]) => [name, arg.description ?? '']),
    ),
    ...section(
      'Commands',
      below.map(({ name, command }) => [name, summaryOf(command)]),
    ),
    ...section('Options', [
      ...options.map(toRow),
      ['--help', 'Show this.'],
      ...(path.length === 1 ? [VERSION_ROW] : []),
    ]),
    ...(examples.length > 0 ? ['', 'Examples:', ...examples.map((line) => `  ${line}`)] : []),
    ...(isGroup ? ['', `More about one of them: ${path.join(' ')} <command> --help`] : []),
    '',
  ].join('\n');
}

const VERSION_ROW: readonly [string, string] = ['--version', 'Show the version.'];

/** The first sentence of a command's description. */
function summaryOf({ meta }: Command): string {
  const { description = '' } = meta;
  return /^.*?\.(?=\s|$)/s.exec(description)?.[0] ?? description;
}

function usageOf(
  name: string,
  { required }: ArgDef,
  place: number,
  words: readonly unknown[],
  { isVariadic }: Command,
): string {
  const shown = isVariadic && place === words.length - 1 ? `${name}…` : name;
  return required === false ? `[${shown}]` : `<${shown}>`;
}

function toRow([name, arg]: [string, ArgDef]): readonly [string, string] {
  const { type, description = '', valueHint } = arg;
  if (type === 'boolean') return [arg.default === true ? `--no-${name}` : `--${name}`, description];
  return [`--${name} <${type === 'enum' ? arg.options?.join('|') : (valueHint ?? 'text')}>`, description];
}

function section(title: string, rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return [];
  return ['', `${title}:`, ...rows.flatMap(([label, text]) => toLines(label, text))];
}

function toLines(label: string, text: string): string[] {
  const [first = '', ...rest] = wrap(text, WIDTH - LABEL_WIDTH);
  const indent = ' '.repeat(LABEL_WIDTH);
  const start = `  ${label}`;
  // Two spaces at least between the two.
  const lines = start.length > LABEL_WIDTH - 2 ? [start, indent + first] : [start.padEnd(LABEL_WIDTH) + first];
  return [...lines, ...rest.map((line) => indent + line)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
