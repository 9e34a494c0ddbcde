import { type ArgsDef, runCommand } from 'citty';
import { UsageError } from './command-error.ts';
import { findCommand } from './command-tree.ts';
import { toFailure } from './failure.ts';
import { helpOf } from './help.ts';
import type { Io } from './io.ts';
import { checkCommandLine } from './option.ts';
import { VERSION } from './version.ts';

/**
 * Runs a command line and answers its exit code. Whatever goes wrong has been told on standard error by then.
 * @param words what stands after `tidings`.
 */
export async function run(words: readonly string[], io: Io): Promise<number> {
  let path: readonly string[] = ['tidings'];
  try {
    const found = await findCommand(words);
    path = found.path;
    await runFound(found, io);
    return 0;
  } catch (error) {
    const { exitCode, text } = toFailure(error, path);
    io.stderr.write(`${text}\n`);
    return exitCode;
  }
}

async function runFound({ path, command, rest }: Awaited<ReturnType<typeof findCommand>>, io: Io): Promise<void> {
  // What stands behind `--` is data, whatever it looks like.
  const end = rest.indexOf('--');
  const options = end === -1 ? rest : rest.slice(0, end);
  const isGroup = command.subCommands !== undefined;
  const isRoot = path.length === 1;
  if (options.includes('--help') || options.includes('-h'))
    return void io.stdout.write(await helpOf({ path, command }));
  if (isRoot && rest[0] === '--version') return void io.stdout.write(`${VERSION}\n`);
  if (isGroup && rest.length > 0) {
    throw new UsageError(`There is no option ${rest[0]} here: options come after the command.`);
  }
  if (isGroup) {
    // Who says nothing wants to know what can be said.
    io.stdout.write(await helpOf({ path, command }));
    return;
  }
  checkCommandLine({ words: rest, args: (command.args ?? {}) as ArgsDef, isVariadic: command.isVariadic ?? false });
  await runCommand(command, { rawArgs: [...rest], data: io });
}
