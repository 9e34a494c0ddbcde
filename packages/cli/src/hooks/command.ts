import { readFileSync } from 'node:fs';
import type { HookEntry } from '@tidings/auth/hook';
import { type Command, createCommand } from '../command.ts';
import { CommandError, EXIT, UsageError } from '../command-error.ts';
import { note, print, readInput } from '../io.ts';
import { valuesOf } from '../option.ts';
import { toQuoted, toSafeLine } from '../terminal-text.ts';
import type { Verdict } from './trial.ts';

const ARGS = {
  config: { type: 'string', valueHint: 'path', description: 'The hooks file; else TIDINGS_HOOKS_FILE.' },
  name: { type: 'string', valueHint: 'hook', description: 'Which hook; may be left out where the file has one.' },
  body: {
    type: 'string',
    valueHint: 'path',
    description: 'A file with the body of the delivery, to the letter; - for standard input, as when it is left out.',
  },
  header: {
    type: 'string',
    valueHint: 'name: value',
    description: 'A header of the delivery; once for each.',
  },
  json: { type: 'boolean', description: 'Print the outcome as JSON on one line.' },
} as const;

/** `tidings hooks test`: what would become of a delivery. */
export const hooksTestCommand: Command = createCommand({
  name: 'test',
  description:
    'Show which event a delivery to POST /v1/hooks/{name} would become, or why it would be none. Nothing is sent anywhere. A signature is checked where its header is given, with the secrets that the file names. It ends with 1 for a delivery that would be ignored, and with 65 for one that would be refused.',
  examples: [
    "tidings hooks test --config hooks.json --name ci --body push.json --header 'X-GitHub-Event: push'",
    'tidings hooks test --name stripe --json < payload.json | jq .data',
  ],
  args: ARGS,
  async run({ args, words, io }) {
    const [{ parseHooksFile }, { signatureHeaderOf, tryHook }] = await Promise.all([
      import('@tidings/auth/hook'),
      import('./trial.ts'),
    ]);
    const path = args.config ?? (io.env.TIDINGS_HOOKS_FILE || undefined);
    if (path === undefined) throw new UsageError('Give --config, or set TIDINGS_HOOKS_FILE.');
    const entry = choose(parse(read(path, '--config').toString(), path, parseHooksFile), args.name);
    const headers = toHeaders(valuesOf(words, ARGS, 'header'));
    const body = args.body === undefined || args.body === '-' ? await readInput(io) : read(args.body, '--body');
    const verdict = tryHook(entry, path, { headers, body }, io.env, io.now());
    if (!Object.hasOwn(headers, signatureHeaderOf(entry))) {
      note(io, `the signature was not checked: an ingest refuses what has no ${signatureHeaderOf(entry)}.`);
    }
    for (const line of args.json ? [toJsonLine(verdict)] : toLines(verdict)) print(io, line);
    if ('refused' in verdict) return EXIT.data;
    return 'ignored' in verdict ? EXIT.no : undefined;
  },
});

function read(path: string, option: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${option} ${path} can not be read (${code}).`, EXIT.noInput);
  }
}

function parse(
  text: string,
  path: string,
  parseHooksFile: (text: string) => readonly HookEntry[],
): readonly HookEntry[] {
  try {
    return parseHooksFile(text);
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    throw new CommandError(lines.map((line) => `${path}: ${line}`).join('\n'), EXIT.data);
  }
}

function choose(hooks: readonly HookEntry[], name: string | undefined): HookEntry {
  const [first] = hooks;
  if (name === undefined && first !== undefined && hooks.length === 1) return first;
  const names = hooks.map((hook) => hook.name).join(', ');
  if (name === undefined) throw new UsageError(`Give --name: the file has ${names}.`);
  const found = hooks.find((hook) => hook.name === name);
  if (found === undefined)
    throw new CommandError(`There is no hook ${toQuoted(name)}: there are ${names}.`, EXIT.noInput);
  return found;
}

/** Headers as Node has them: names in lower case, and one that comes twice joined. */
function toHeaders(given: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const text of given) {
    const [, name = '', value = ''] = /^([\w!#$%&'*+.^`|~-]+):\s*(.*?)\s*$/s.exec(text) ?? [];
    if (name === '') throw new UsageError(`--header is "name: value", and ${toQuoted(text)} is not.`);
    const key = name.toLowerCase();
    headers[key] = Object.hasOwn(headers, key) ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

// Read as a value and written again, JSON would have other numbers than are delivered.
function toJsonLine(verdict: Verdict): string {
  if (!('data' in verdict)) return JSON.stringify(verdict);
  const { data, ...rest } = verdict;
  const value = data.json ? withoutSpace(data.text) : JSON.stringify(data.text);
  return `${JSON.stringify(rest).slice(0, -1)},"data":${value}}`;
}

const withoutSpace = (json: string): string => json.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|\s+/g, '$1');

function toLines(verdict: Verdict): string[] {
  if ('refused' in verdict) return [`refused  ${verdict.refused}: ${toSafeLine(verdict.detail)}`];
  if ('ignored' in verdict) return [`ignored  ${toSafeLine(verdict.ignored)}`];
  const { tenant, topic, event = '-', id, data } = verdict;
  const rows = { tenant, topic, event, id, data: data.text };
  return Object.entries(rows).map(([name, value]) => `${name.padEnd(9)}${toSafeLine(value)}`);
}
