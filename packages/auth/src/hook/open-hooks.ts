import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '@tidings/runtime';
import { type HookEntry, parseHooksFile, type SecretSource } from './hooks-file.ts';
import type { Rule } from './rule.ts';
import { createSignature, type Provider, type VerifySignature } from './signature.ts';
import { parseTemplate, type Template } from './template.ts';

/** A webhook that is taken. */
export interface Hook {
  readonly name: string;
  readonly tenant: string;
  readonly verify: VerifySignature;
  readonly maxBodyBytes: number;
  readonly rule: Rule;
}

const BODY_BYTES = 1_048_576;
// Its library hashes in JavaScript, 20 ms a megabyte, before it is known who sent it; the standard recommends 20 kB.
const STANDARD_BODY_BYTES = 262_144;

/** Where each provider says which delivery it is. */
const DELIVERY_ID: Readonly<Record<Provider, Template>> = {
  standard: parseTemplate('{header:webhook-id}'),
  github: parseTemplate('{header:x-github-delivery}'),
  stripe: parseTemplate('{/id}'),
};

/**
 * Reads the hooks file and the secrets that it names.
 * @param env where variables with secrets are looked up.
 * @returns the hooks by their names.
 * @throws ConfigurationError with a line for each fault, naming its hook and never a secret.
 */
export function openHooks(path: string, env: NodeJS.ProcessEnv): ReadonlyMap<string, Hook> {
  const problems: string[] = [];
  const hooks = new Map<string, Hook>();
  try {
    for (const [place, entry] of parseHooksFile(readFileSync(path, 'utf8')).entries()) {
      try {
        hooks.set(entry.name, toHook(entry, dirname(path), env));
      } catch (error) {
        problems.push(`hooks[${place}] "${entry.name}": secret ${(error as Error).message}.`);
      }
    }
  } catch (error) {
    problems.push(...(error as Error).message.split('\n'));
  }
  if (problems.length > 0) throw new ConfigurationError(problems.map((problem) => `TIDINGS_HOOKS_FILE: ${problem}`));
  return hooks;
}

/** What a body may have, which is known before it is read. */
export const maxBodyBytesOf = ({ provider }: Pick<HookEntry, 'provider'>): number =>
  provider === 'standard' ? STANDARD_BODY_BYTES : BODY_BYTES;

/** The rule of a hook, which needs no secret. */
export function toRule({ provider, when, topic, event, data, id = DELIVERY_ID[provider] }: HookEntry): Rule {
  return { when, topic, event, id, data };
}

/**
 * A hook with its secrets.
 * @param folder where the hooks file is.
 * @throws TypeError for a secret that is not there or is none, as the end of a sentence that does not hold it.
 */
export function toHook(entry: HookEntry, folder: string, env: NodeJS.ProcessEnv): Hook {
  const { name, provider, tenant } = entry;
  const secrets = entry.secret.map((source) => readSecret(source, folder, env));
  const verify = createSignature(provider, secrets);
  return { name, tenant, verify, maxBodyBytes: maxBodyBytesOf(entry), rule: toRule(entry) };
}

function readSecret(source: SecretSource, folder: string, env: NodeJS.ProcessEnv): string {
  if ('env' in source) {
    // As of a file: the line end that a tool put behind it is no part of it, and no signature would ever count.
    const value = env[source.env]?.trim() ?? '';
    if (value === '') throw new TypeError(`of the variable ${source.env} is not set, or empty`);
    return value;
  }
  let value: string;
  try {
    value = readFileSync(resolve(folder, source.file), 'utf8').trim();
  } catch (error) {
    throw new TypeError(`of the file ${source.file} can not be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (value === '') throw new TypeError(`of the file ${source.file} is empty`);
  return value;
}
