import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../hub-process.ts';

export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>;
  readonly network_mode?: string;
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const FILE = join(ROOT, 'deploy/compose.yaml');

/** deploy/compose.yaml with its variables as they stand there. */
export const readComposeText = (): string => readFileSync(FILE, 'utf8');

/** What deploy/make-env.mjs writes, made anew. */
export function makeEnv(): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-env-'));
  try {
    const file = join(folder, '.env');
    execFileSync(process.execPath, [join(ROOT, 'deploy/make-env.mjs'), file]);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(/=(.*)/, 2) as [string, string]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A text as Compose reads it: merge keys resolved, and variables replaced by `env`.
 * @throws Error when a variable has no value, be it demanded (`${NAME:?…}`) or not.
 */
export function parseCompose(text: string, env: Readonly<Record<string, string>>): Compose {
  const resolved = text.replaceAll(/\$\{(\w+)[^}]*\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`compose.yaml needs ${name}, and nothing makes it`);
    return value;
  });
  return parse(resolved, { merge: true }) as Compose;
}
