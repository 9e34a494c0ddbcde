import type { HubError } from '@tidings/sdk/subscriber';
import { CommandError, EXIT, type ExitCode } from './command-error.ts';
import { faultOf } from './fault.ts';

/** Who was asked, so that the message can say what to look at. */
export interface Asked {
  readonly url: string;
  readonly hasToken: boolean;
}

/** A `HubError`, whichever copy of the class made it. */
export function isHubError(error: unknown): error is HubError {
  return error instanceof Error && error.name === 'HubError';
}

/** What a failed request means for a command: its exit code, and what to do about it. */
export function toCommandError(error: HubError, asked: Asked): CommandError {
  // Of reading the token.
  if (error.cause instanceof CommandError) return error.cause;
  // Whatever its status is, it is not the hub's.
  const exitCode = error.code === 'answer' ? EXIT.unavailable : exitCodeOf(error);
  return new CommandError(describe(error, asked), exitCode, error);
}

/** By the status, or by what kept one from coming. */
export function exitCodeOf({ status = 0 }: Pick<HubError, 'status'>): ExitCode {
  if (status === 401 || status === 403) return EXIT.noPermission;
  if (status === 404) return EXIT.noInput;
  if (status === 408 || status === 429 || status >= 500 || status === 0) return EXIT.unavailable;
  return EXIT.data;
}

function describe(error: HubError, { url, hasToken }: Asked): string {
  const { code, message, problem, status } = error;
  switch (code) {
    case 'network':
    case 'timeout':
      return `${url} can not be reached${error.cause ? ` (${faultOf(error.cause)})` : ''}: does it run there? --url and TIDINGS_URL say where it is.`;
    case 'answer':
      return `What answers at ${url} is no Tidings hub${status === undefined ? '' : ` (${status})`}: look at --url and TIDINGS_URL.`;
    case 'unauthenticated':
      return hasToken
        ? 'The hub refuses the token. "tidings token inspect" says what is wrong with one.'
        : 'The hub needs a token: give one in TIDINGS_TOKEN, --token-file or --token.';
    case 'forbidden':
      return `forbidden: ${message} "tidings token inspect" says what a token grants.`;
    default: {
      const where = problem?.parameter ?? problem?.pointer;
      return `${code}: ${message}${where ? ` (${where})` : ''}`;
    }
  }
}
