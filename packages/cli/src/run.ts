import { runCommand } from 'citty';
import { UsageError } from './command-error.ts';
import { type FoundCommand, findCommand } from './command-tree.ts';
import { toFailure } from './failure.ts';
import { helpOf } from './help.ts';
import { type Io, print } from './io.ts';
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
    return await runFound(found, io);
  } catch (error) {
    const { exitCode, text } = toFailure(error, path);
    io.stderr.write(`${text}\n`);
    return exitCode;
  }
}

async function runFound({ path, command, rest }: FoundCommand, io: Io): Promise<number> {
  // What stands behind `--` is data, whatever it looks like.
  const end = rest.indexOf('--');
  const options = end === -1 ? rest : rest.slice(0, end);
  const isGroup = command.subCommands !== undefined;
  // Who names a group alone wants to know what is in it.
  if (options.includes('--help') || options.includes('-h') || (isGroup && rest.length === 0)) {
    io.stdout.write(await helpOf({ path, command }));
  } else if (path.length === 1 && rest[0] === '--version') print(io, VERSION);
  else if (isGroup) throw new UsageError(`There is no option ${rest[0]} here: options come after the command.`);
  else {
    const { args = {}, isVariadic = false } = command;
    checkCommandLine({ words: rest, args, isVariadic });
    const { result } = await runCommand(command, { rawArgs: [...rest], data: io });
    return typeof result === 'number' ? result : 0;
  }
  return 0;
}
