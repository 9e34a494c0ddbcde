import { CommandError, EXIT } from '../command-error.ts';
import { readSecretFile } from '../deployment.ts';

/** The option that names a file of secrets. */
export const SECRET_ARGS = {
  'secret-file': {
    type: 'string',
    valueHint: 'path',
    description: 'A file that holds the HS256 secret, or - for standard input; else TIDINGS_JWT_SECRET.',
  },
} as const;

/** HS256 secrets, the first mints: of the file, else of `TIDINGS_JWT_SECRET`, a comma list as the services read it. */
export function readSecrets(path: string | undefined, env: NodeJS.ProcessEnv): readonly string[] {
  const text = path === undefined ? (env.TIDINGS_JWT_SECRET ?? '') : readSecretFile(path, '--secret-file');
  const secrets = text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  if (path !== undefined && secrets.length === 0) throw new CommandError('--secret-file is empty.', EXIT.data);
  return secrets;
}

/**
 * Does what needs secrets.
 * @throws CommandError for one that is too short, or no secret; the message does not hold it.
 */
export async function withSecrets<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof TypeError) throw new CommandError(error.message, EXIT.configuration, error);
    throw error;
  }
}
