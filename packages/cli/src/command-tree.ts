import type { CommandDef } from 'citty';
import { type Command, createGroup } from './command.ts';
import { UsageError } from './command-error.ts';
import { suggestionFor } from './suggestion.ts';
import { toQuoted } from './terminal-text.ts';

/** A command and the words that lead to it, `tidings` first. */
export interface NamedCommand {
  readonly path: readonly string[];
  readonly command: Command;
}

/** A command and what was said after its name. */
export interface FoundCommand extends NamedCommand {
  readonly rest: readonly string[];
}

/** Every command. One is loaded when it is asked for, so that none pays for what another needs. */
export const TREE: Command = createGroup(
  'tidings',
  'The command line of Tidings.',
  {
    tail: async () => (await import('./tail/command.ts')).tailCommand,
    publish: async () => (await import('./publish/command.ts')).publishCommand,
    token: async () =>
      createGroup('token', 'Make and read tokens.', {
        mint: async () => (await import('./token/mint-command.ts')).mintCommand,
        inspect: async () => (await import('./token/inspect-command.ts')).inspectCommand,
      }),
    sessions: async () => (await import('./sessions.ts')).sessionsCommand,
    kick: async () => (await import('./kick.ts')).kickCommand,
    schedules: async () =>
      createGroup('schedules', 'Events that are published later.', {
        list: async () => (await import('./schedules.ts')).listSchedulesCommand,
        cancel: async () => (await import('./schedules.ts')).cancelScheduleCommand,
      }),
    presence: async () => (await import('./presence.ts')).presenceCommand,
    inbox: async () =>
      createGroup('inbox', 'What users have read, and what not.', {
        list: async () => (await import('./inbox.ts')).inboxListCommand,
        read: async () => (await import('./inbox.ts')).inboxReadCommand,
      }),
    explain: async () => (await import('./explain/command.ts')).explainCommand,
    erase: async () => (await import('./erase.ts')).eraseCommand,
    hooks: async () =>
      createGroup('hooks', 'Webhooks that come in.', {
        test: async () => (await import('./hooks/command.ts')).hooksTestCommand,
      }),
    webhooks: async () =>
      createGroup('webhooks', 'Who is told by webhook, and what could not be delivered.', {
        list: async () => (await import('./webhooks.ts')).listCommand,
        dead: async () => (await import('./webhooks.ts')).deadCommand,
        replay: async () => (await import('./webhooks.ts')).replayCommand,
      }),
    doctor: async () => (await import('./doctor/command.ts')).doctorCommand,
    bench: async () => (await import('./bench/command.ts')).benchCommand,
    config: async () => (await import('./config.ts')).configCommand,
    nats: async () =>
      createGroup('nats', 'What the NATS servers hold for Tidings.', {
        setup: async () => (await import('./nats-setup.ts')).natsSetupCommand,
      }),
  },
  [
    "tidings tail 'orders.*' --since 10m",
    "tidings publish orders.42 'packed' --event status",
    'tidings token mint --sub alice --subscribe "orders.*"',
  ],
);

/** The commands below a group, by name; none below a command. */
export async function loadSubCommands({
  subCommands,
}: CommandDef): Promise<readonly { readonly name: string; readonly command: Command }[]> {
  const below = Object.entries((await resolve(subCommands)) ?? {});
  return Promise.all(below.map(async ([name, command]) => ({ name, command: (await resolve(command)) as Command })));
}

/**
 * Finds the command that words lead to.
 * @throws UsageError for a word that names none, with the one that was probably meant.
 */
export async function findCommand(words: readonly string[], from: Command = TREE): Promise<FoundCommand> {
  let command = from;
  const path = ['tidings'];
  const rest = [...words];
  while (true) {
    const below = (await resolve(command.subCommands)) ?? {};
    const [word] = rest;
    const names = Object.keys(below);
    if (names.length === 0 || word === undefined || word.startsWith('-')) return { path, command, rest };
    if (!Object.hasOwn(below, word)) {
      const meant = suggestionFor(word, names);
      const named = toQuoted([...path.slice(1), word].join(' '));
      throw new UsageError(`There is no command ${named}.${meant ? ` Did you mean "${meant}"?` : ''}`);
    }
    command = (await resolve(below[word])) as Command;
    path.push(word);
    rest.shift();
  }
}

const resolve = <Value>(value: Value | (() => Value | Promise<Value>) | Promise<Value>): Promise<Value> =>
  Promise.resolve(typeof value === 'function' ? (value as () => Value | Promise<Value>)() : value);
