import { readFileSync } from 'node:fs';
import { ConfigurationError } from '@tidings/runtime';
import type { Endpoint, SecretReference } from '@tidings/webhooks';
import { Webhook } from 'standardwebhooks';

/**
 * Looks up the secrets of endpoints.
 * @throws ConfigurationError with a line for each that is missing, or is none; no secret is quoted.
 */
export function readSecrets(endpoints: readonly Endpoint[], env: NodeJS.ProcessEnv): Map<string, readonly string[]> {
  const problems: string[] = [];
  const found = endpoints.map(({ name, secrets }) => {
    const values = secrets.map((reference, place) => {
      const fault = (what: string): void =>
        void problems.push(`TIDINGS_WEBHOOKS_FILE: the secret ${place + 1} of ${name}, ${whereIs(reference)}, ${what}`);
      const value = read(reference, env)?.trim();
      if (!value) fault('is not there');
      else if (!isSecret(value)) fault('is not whsec_ and 24 to 64 bytes as base64');
      return value ?? '';
    });
    return [name, values] as const;
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return new Map(found);
}

const whereIs = (reference: SecretReference): string =>
  'env' in reference ? `the variable ${reference.env}` : `the file ${reference.file}`;

function read(reference: SecretReference, env: NodeJS.ProcessEnv): string | undefined {
  if ('env' in reference) return env[reference.env];
  try {
    return readFileSync(reference.file, 'utf8');
  } catch {
    return undefined;
  }
}

// The sizes that the specification asks for.
function isSecret(value: string): boolean {
  const bytes = Buffer.from(value.replace(/^whsec_/, ''), 'base64').length;
  if (!value.startsWith('whsec_') || bytes < 24 || bytes > 64) return false;
  try {
    return new Webhook(value) !== undefined;
  } catch {
    return false;
  }
}
