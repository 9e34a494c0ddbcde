import { readFileSync } from 'node:fs';
import { type Clock, ConfigurationError, type Metrics, type Settings } from '@tidings/runtime';
import { type AccessChecks, type Authenticator, createAuthenticator } from './authenticator.ts';
import { createKeySources, type KeySource } from './key-source.ts';
import { parseAllowedOrigins } from './origin.ts';
import { parseTopicClasses, type TopicClasses } from './topic-class.ts';
import { createVerifier } from './verify.ts';

/** Who may do what in a service, as its settings say. */
export interface AccessControl {
  readonly authenticator: Authenticator;
  readonly classes: TopicClasses;
}

/**
 * Reads the keys and files that the settings name, and builds from them what decides over every request.
 * @param secrets the HS256 secrets in force: those of the settings, or one made for development.
 * @param checks what the processes of a deployment know together: what is revoked, and the tickets. Without them nothing
 *   is revoked, and there are no tickets.
 * @throws ConfigurationError with a line for each fault, naming its variable and never a secret.
 */
export function createAccessControl(
  settings: Settings,
  secrets: readonly string[],
  metrics: Metrics,
  clock: Clock,
  checks: AccessChecks = {},
): AccessControl {
  const problems: string[] = [];
  const attempt = <Value>(variable: string, run: () => Value): Value | undefined => {
    try {
      return run();
    } catch (error) {
      problems.push(...(error as Error).message.split('\n').map((line) => `${variable}: ${line}`));
      return undefined;
    }
  };
  const keys = attempt('TIDINGS_JWT_SECRET, TIDINGS_JWT_PUBLIC_KEY, TIDINGS_JWKS_URL', () =>
    readKeys(settings, secrets, clock),
  );
  const allowedOrigins = attempt('TIDINGS_ALLOWED_ORIGINS', () => parseAllowedOrigins(settings.allowedOrigins));
  const classes = attempt('TIDINGS_TOPICS_FILE', () => readClasses(settings.topicsFile));
  if (keys === undefined || allowedOrigins === undefined || classes === undefined)
    throw new ConfigurationError(problems);

  const verifier = createVerifier({
    keys,
    clock,
    issuer: settings.jwtIssuer,
    audience: settings.jwtAudience,
    maxTokenAgeSec: settings.maxTokenAgeSec,
  });
  const authenticator = createAuthenticator({
    verifier,
    allowedOrigins,
    cookieName: settings.cookieName,
    production: settings.production,
    clock,
    ...checks,
    onRefusal: (reason) => metrics.authFailures.inc({ reason }),
  });
  return { authenticator, classes };
}

function readKeys({ jwtPublicKey, jwksUrl }: Settings, secrets: readonly string[], clock: Clock): readonly KeySource[] {
  const isPath = jwtPublicKey !== undefined && !jwtPublicKey.includes('-----BEGIN');
  const publicKeyPem = isPath ? readFileSync(jwtPublicKey, 'utf8') : jwtPublicKey;
  return createKeySources({ secrets, publicKeyPem, jwksUrl }, clock);
}

function readClasses(path: string | undefined): TopicClasses {
  return parseTopicClasses(path === undefined ? '{}' : readFileSync(path, 'utf8'));
}
