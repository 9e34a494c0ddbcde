import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import type { Io } from './io.ts';

/** A command as the tree holds it: citty's, with what its help shows beyond that. */
export interface Command extends CommandDef {
  readonly meta: { readonly name?: string; readonly description?: string };
  readonly args?: ArgsDef;
  readonly examples: readonly string[];
  /** Whether its last word may come several times. */
  readonly isVariadic: boolean;
}

/** What a command is run with. */
interface CommandRun<Args extends ArgsDef> {
  readonly args: ParsedArgs<Args>;
  /** All words after its name: an option that may come several times is read with `valuesOf`. */
  readonly words: readonly string[];
  readonly io: Io;
}

export interface CommandParts<Args extends ArgsDef> {
  readonly name: string;
  /** One sentence for the list of commands, then what else is worth knowing. */
  readonly description: string;
  readonly examples: readonly string[];
  readonly args?: Args;
  readonly isVariadic?: boolean;
  /** Answers its exit code, where that is another than 0 and nothing went wrong. */
  run(run: CommandRun<Args>): Promise<number | undefined> | Promise<void>;
}

/** Creates a command; `run` throws a `CommandError` for what it expects to fail. */
export function createCommand<const Args extends ArgsDef>(parts: CommandParts<Args>): Command {
  const { name, description, examples, args, isVariadic = false, run } = parts;
  const command = defineCommand({
    ...(args && { args }),
    run: (context) => run({ args: context.args, words: context.rawArgs, io: context.data as Io }),
  });
  // citty's type of a command knows its options, the tree does not.
  return { ...(command as unknown as Command), meta: { name, description }, examples, isVariadic };
}

/** Creates a command that only has others below it, each loaded when it is asked for. */
export function createGroup(
  name: string,
  description: string,
  subCommands: Readonly<Record<string, () => Promise<CommandDef>>>,
  examples: readonly string[] = [],
): Command {
  return { meta: { name, description }, subCommands, examples, isVariadic: false };
}
