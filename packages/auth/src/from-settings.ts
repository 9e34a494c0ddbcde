import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Clock, ConfigurationError, createClientAddress, type Metrics, type Settings } from '@tidings/runtime';
import { type AccessChecks, type Authenticator, createAuthenticator } from './authenticator.ts';
import { limitFailures } from './failure-limit.ts';
import { type IssuerEntry, parseIssuersFile } from './issuers-file.ts';
import { createKeySources, type KeySource } from './key-source.ts';
import { parseAllowedOrigins } from './origin.ts';
import { ACCESS_REFUSALS } from './refusal.ts';
import { parseTopicClasses, type TopicClasses } from './topic-class.ts';
import type { TrustedIssuer } from './trust.ts';
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
  const issuers = attempt('TIDINGS_ISSUERS_FILE', () => readIssuers(settings, clock));
  const allowedOrigins = attempt('TIDINGS_ALLOWED_ORIGINS', () => parseAllowedOrigins(settings.allowedOrigins));
  const classes = attempt('TIDINGS_TOPICS_FILE', () => readClasses(settings.topicsFile));
  const clientAddress = attempt('TIDINGS_TRUSTED_PROXIES', () => createClientAddress(settings.trustedProxies));
  if (!keys || !issuers || !allowedOrigins || !classes || !clientAddress) throw new ConfigurationError(problems);

  const verifier = createVerifier({
    keys,
    issuers,
    clock,
    issuer: settings.jwtIssuer,
    audience: settings.jwtAudience,
    maxTokenAgeSec: settings.maxTokenAgeSec,
  });
  for (const reason of ACCESS_REFUSALS) metrics.authFailures.inc({ reason }, 0);
  const { cookieName, production, rateAuthFailures: perSec } = settings;
  const authenticator = createAuthenticator({
    verifier,
    allowedOrigins,
    cookieName,
    production,
    clock,
    ...checks,
    onRefusal: (reason) => metrics.authFailures.inc({ reason }),
  });
  return { authenticator: limitFailures(authenticator, { perSec, clientAddress, cookieName, production }), classes };
}

function readKeys(settings: Settings, secrets: readonly string[], clock: Clock): readonly KeySource[] {
  const { jwtPublicKey, jwksUrl, issuersFile } = settings;
  const hasKeys = secrets.length > 0 || jwtPublicKey !== undefined || jwksUrl !== undefined;
  if (issuersFile !== undefined && !hasKeys) return [];
  return createKeySources({ secrets, publicKeyPem: readPem(jwtPublicKey), jwksUrl }, clock);
}

function readIssuers({ issuersFile, jwtIssuer }: Settings, clock: Clock): readonly TrustedIssuer[] {
  if (issuersFile === undefined) return [];
  const entries = parseIssuersFile(readFileSync(issuersFile, 'utf8'));
  const problems: string[] = [];
  const issuers = entries.flatMap((entry, place) => {
    try {
      if (entry.issuer === jwtIssuer)
        throw new TypeError('It is TIDINGS_JWT_ISSUER too, whose keys would never be used.');
      return [toTrustedIssuer(entry, dirname(issuersFile), clock)];
    } catch (error) {
      problems.push(`issuers[${place}]: ${(error as Error).message}`);
      return [];
    }
  });
  if (problems.length > 0) throw new TypeError(problems.join('\n'));
  return issuers;
}

function toTrustedIssuer(entry: IssuerEntry, folder: string, clock: Clock): TrustedIssuer {
  const { issuer, jwksUrl, publicKey, audience, tenants } = entry;
  const keys = createKeySources({ publicKeyPem: readPem(publicKey, folder), jwksUrl }, clock);
  return { issuer, keys, audience, tenants };
}

function readPem(textOrPath: string | undefined, folder = ''): string | undefined {
  if (textOrPath === undefined || textOrPath.includes('-----BEGIN')) return textOrPath;
  try {
    return readFileSync(resolve(folder, textOrPath), 'utf8');
  } catch (error) {
    // Without the path: it would be the secret of someone who took the wrong place for it.
    throw new TypeError(`The file of the public key can not be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

function readClasses(path: string | undefined): TopicClasses {
  return parseTopicClasses(path === undefined ? '{}' : readFileSync(path, 'utf8'));
}
