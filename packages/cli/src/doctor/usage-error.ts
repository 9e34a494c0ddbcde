/** What the command line itself got wrong, in one line: exit code 64. It goes by the name of citty's own. */
export class UsageError extends Error {
  override readonly name: string = 'CLIError';
}
