import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../src/command-error.ts';
import { loadSubCommands, type NamedCommand, TREE } from '../src/command-tree.ts';
import { helpOf } from '../src/help.ts';
import { checkCommandLine } from '../src/option.ts';
import { runHere } from './command-run.ts';

async function walk(named: NamedCommand): Promise<NamedCommand[]> {
  const below = await loadSubCommands(named.command);
  const walked = below.map(({ name, command }) => walk({ path: [...named.path, name], command }));
  return [named, ...(await Promise.all(walked)).flat()];
}

const all = await walk({ path: ['tidings'], command: TREE });
const commands = all.filter(({ command }) => command.subCommands === undefined);
const reference = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');

describe.each(commands.map((each) => ({ name: each.path.join(' '), ...each })))('$name', ({ name, path, command }) => {
  test('says what it does, and of every option what it is for', () => {
    expect(command.meta.description).toMatch(/\.$/);
    for (const argument of Object.values(command.args ?? {})) expect(argument.description).toMatch(/\.$/);
  });

  test('has examples that it would take', () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      const [, said = ''] = example.split(name);
      // Up to the end of what the shell hands over.
      const [own = ''] = said.split(/[|<);]/);
      const line = [...own.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, ...quoted]) => quoted.join(''));
      const { args = {}, isVariadic } = command;
      expect(() => checkCommandLine({ words: line, args, isVariadic }), example).not.toThrow();
    }
  });

  test('prints its help, which stands in the reference too', async () => {
    const help = await helpOf({ path, command });
    expect(reference, `docs/reference/cli.md is to hold what ${name} --help prints`).toContain(`\`\`\`\n${help}\`\`\``);
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
  });
});

test('the reference has every exit code, and no other but those of success and of Ctrl-C', () => {
  const codes = [...reference.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual([0, ...Object.values(EXIT), 130]);
});

describe('help', () => {
  test.each([
    [[], 'tail '],
    [['--help'], 'tail '],
    [['tail', '--help'], '<topics…>'],
    [['token'], 'inspect '],
    [['token', 'mint', 'x', '-h'], '--subscribe'],
  ])('%j prints it on standard output, without colours, and succeeds', async (words, text) => {
    const { code, out, err } = await runHere(words, { terminal: ['stdout'] });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(text);
    expect(out).not.toContain('\x1b');
  });

  test('a token in the wrong place is not repeated', async () => {
    const token = `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(60)}.secretsignature`;
    for (const words of [
      [token],
      ['sessions', token],
      ['publish', 'a', 'b', token],
      ['tail', token],
      ['sessions', `--tok=${token}`],
    ]) {
      const { code, err } = await runHere(words);
      expect(code, `${words}`).not.toBe(0);
      expect(err).not.toContain('xxxxxx');
    }
  });

  test.each([
    [['tial'], 'tidings: There is no command "tial". Did you mean "tail"?\nSee: tidings --help\n'],
    [['token', 'x'], 'tidings: There is no command "token x".\nSee: tidings --help\n'],
    [
      ['--json', 'tail'],
      'tidings: There is no option --json here: options come after the command.\nSee: tidings --help\n',
    ],
    [
      ['sessions', '--jsno'],
      'tidings: There is no option --jsno. Did you mean --json?\nSee: tidings sessions --help\n',
    ],
    [['tail'], 'tidings: <topics> is missing.\nSee: tidings tail --help\n'],
    [['tail', '--', '--help', 'a b'], 'tidings: "a b": The topic or pattern'],
  ])('%j exits 64, and says where to look', async (words, text) => {
    const { code, out, err } = await runHere(words);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(text);
  });
});
