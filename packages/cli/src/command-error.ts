/** sysexits.h, as far as commands use it; 0 is success. */
export const EXIT = {
  /** Nothing went wrong, and the answer is no: a check has failed, or a person did not agree. */
  no: 1,
  /** The command line itself is wrong. */
  usage: 64,
  /** What was given to work on is wrong. */
  data: 65,
  /** What was named is not there. */
  noInput: 66,
  /** The hub can't be reached, or can't serve now. */
  unavailable: 69,
  /** A fault of ours. */
  software: 70,
  /** The hub refuses. */
  noPermission: 77,
  /** A variable of the environment is wrong. */
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that a command expects: its message says in one line what went wrong, and what to do. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, cause?: unknown) {
    super(message, { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

/** The command line is wrong. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, EXIT.usage);
    this.name = 'UsageError';
  }
}
