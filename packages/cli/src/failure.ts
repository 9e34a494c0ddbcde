import { CommandError, EXIT, type ExitCode, UsageError } from './command-error.ts';

/** How a command that has failed ends. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** What stands on standard error. */
  readonly text: string;
}

/**
 * The exit code and the words for whatever a command threw. Errors of packages that are loaded only when needed are known
 * by their names and codes.
 * @param path the words that named the command.
 */
export function toFailure(error: unknown, path: readonly string[] = ['tidings']): Failure {
  const { name, message, code, problems, stack } = error as Error & { code?: string; problems?: readonly string[] };
  if (error instanceof UsageError || name === 'CLIError') {
    return { exitCode: EXIT.usage, text: `tidings: ${message}\nSee: ${path.join(' ')} --help` };
  }
  if (error instanceof CommandError) return { exitCode: error.exitCode, text: `tidings: ${message}` };
  if (name === 'ConfigurationError' && problems) return { exitCode: EXIT.configuration, text: problems.join('\n') };
  if (code === 'unavailable') return { exitCode: EXIT.unavailable, text: `tidings: ${message}` };
  return { exitCode: EXIT.software, text: `tidings: this is a fault of the command itself.\n${stack ?? message}` };
}
