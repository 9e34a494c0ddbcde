import { type Command, createCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { type Io, print, readInput } from '../io.ts';
import { readSecrets, SECRET_ARGS, withSecrets } from './secret.ts';

/** `tidings token inspect`: what a token says, and what services would say of it. */
export const inspectCommand: Command = createCommand({
  name: 'inspect',
  description:
    'Show what a token says and grants, when it ends, and why services would refuse it. Nothing is sent anywhere, and the signature is not shown. TIDINGS_JWT_ISSUER, TIDINGS_JWT_AUDIENCE and TIDINGS_MAX_TOKEN_AGE count as they do for services.',
  examples: ['tidings token inspect', 'pbpaste | tidings token inspect -', 'tidings token inspect - < token --json'],
  args: {
    token: {
      type: 'positional',
      required: false,
      description: 'The token, or - for standard input. Left out: TIDINGS_TOKEN.',
    },
    json: { type: 'boolean', description: 'Print header, claims, signature and refusals as JSON on one line.' },
    ...SECRET_ARGS,
  },
  async run({ args, io }) {
    const [{ inspectToken }, { toLines }, { systemClock }] = await Promise.all([
      import('./inspection.ts'),
      import('./inspection-text.ts'),
      import('@tidings/runtime'),
    ]);
    const { env } = io;
    const token = await readToken(args.token, io);
    const judges = {
      secrets: readSecrets(args['secret-file'], env),
      issuer: env.TIDINGS_JWT_ISSUER || undefined,
      audience: env.TIDINGS_JWT_AUDIENCE || undefined,
      maxTokenAgeSec: Number(env.TIDINGS_MAX_TOKEN_AGE) || undefined,
      clock: { ...systemClock, now: io.now },
    };
    const found = await withSecrets(() => inspectToken(token, judges));
    const { grant: _grant, ...shown } = found;
    if (args.json) print(io, JSON.stringify(shown));
    else for (const line of toLines(found, io.now())) print(io, line);
  },
});

async function readToken(given: string | undefined, io: Io): Promise<string> {
  const text = given ?? (io.env.TIDINGS_TOKEN || undefined);
  if (text === undefined) throw new UsageError('Give a token, - for standard input, or set TIDINGS_TOKEN.');
  return (text === '-' ? (await readInput(io)).toString() : text).trim();
}
