import { type Command, createCommand } from '../command.ts';
import { CommandError, EXIT, UsageError } from '../command-error.ts';
import { describeDuration, parseDuration } from '../duration.ts';
import { note, print } from '../io.ts';
import { valuesOf } from '../option.ts';
import { readSecrets, SECRET_ARGS, withSecrets } from './secret.ts';

const args = {
  sub: { type: 'string', valueHint: 'user', description: 'The user, who may always subscribe to user.<user>.' },
  subscribe: {
    type: 'string',
    valueHint: 'pattern',
    description: 'What may be subscribed to and read; may come several times.',
  },
  publish: { type: 'string', valueHint: 'pattern', description: 'What may be published to; may come several times.' },
  admin: { type: 'boolean', description: 'May list and close sessions, revoke and erase in its tenant.' },
  tenant: { type: 'string', valueHint: 'name', description: 'Whose topics they are; "default" when left out.' },
  ttl: {
    type: 'string',
    valueHint: 'duration',
    description: 'How long it lives, such as 90s, 10m, 8h or 7d. Default: 1h.',
  },
  jti: { type: 'string', valueHint: 'id', description: 'By which it can be revoked. Default: a random one.' },
  ...SECRET_ARGS,
} as const;

/** `tidings token mint`: a token, for development and tests. */
export const mintCommand: Command = createCommand({
  name: 'mint',
  description:
    'Mint a token with HS256, and print it. For development, tests and operators: in production tokens are the work of your own login. TIDINGS_JWT_ISSUER and TIDINGS_JWT_AUDIENCE become its iss and aud.',
  examples: [
    'tidings token mint --sub alice --subscribe "orders.*" --subscribe "chat.>"',
    'export TIDINGS_TOKEN=$(tidings token mint --publish ">" --ttl 10m)',
    'tidings token mint --sub ops --admin --secret-file /run/secrets/jwt',
  ],
  args,
  async run({ args: given, words, io }) {
    const [{ DEFAULT_MAX_TOKEN_AGE_SEC, mintToken, parseClaims }, { systemClock }] = await Promise.all([
      import('@tidings/auth'),
      import('@tidings/runtime'),
    ]);
    const { env } = io;
    const { sub, tenant, jti, admin, ttl = '1h' } = given;
    const lifetimeSec = (parseDuration(ttl) ?? 0) / 1_000;
    if (lifetimeSec < 1) throw new UsageError('--ttl is a duration such as 90s, 10m, 8h or 7d.');
    const [secret] = readSecrets(given['secret-file'], env);
    if (secret === undefined) {
      throw new CommandError('There is no secret: set TIDINGS_JWT_SECRET, or give --secret-file.', EXIT.configuration);
    }
    const tidings = {
      subscribe: valuesOf(words, args, 'subscribe'),
      publish: valuesOf(words, args, 'publish'),
      ...(admin && { admin }),
    };
    const { TIDINGS_JWT_ISSUER: iss, TIDINGS_JWT_AUDIENCE: aud } = env;
    const claims = {
      ...(sub && { sub }),
      ...(tenant && { tenant }),
      ...(jti && { jti }),
      ...(iss && { iss }),
      ...(aud && { aud }),
      tidings,
    };
    if (parseClaims({ ...claims, exp: lifetimeSec }) === undefined) {
      throw new UsageError(
        'A pattern or the tenant is not allowed. Patterns are such as orders.42, orders.* and chat.>',
      );
    }
    const mostSec = Number(env.TIDINGS_MAX_TOKEN_AGE || DEFAULT_MAX_TOKEN_AGE_SEC);
    if (lifetimeSec > mostSec) {
      note(
        io,
        `services refuse a token that lives longer than ${describeDuration(mostSec * 1_000)} (TIDINGS_MAX_TOKEN_AGE).`,
      );
    }
    const clock = { ...systemClock, now: io.now };
    print(io, await withSecrets(() => mintToken(secret, claims, lifetimeSec, clock)));
  },
});
