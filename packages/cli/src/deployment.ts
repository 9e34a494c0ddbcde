import { readFileSync } from 'node:fs';
import { CommandError, EXIT, UsageError } from './command-error.ts';

/** Where a deployment is, and who asks it. URLs are without a slash at the end. */
export interface Deployment {
  /** The edge, or the hub. */
  readonly url: string;
  readonly ingestUrl: string;
  /** The token, read anew each time where it stands in a file: whoever renews it there renews it here. */
  token(): string | undefined;
}

/** The options that say where the edge is, and who asks. */
export const HUB_ARGS = {
  url: {
    type: 'string',
    valueHint: 'url',
    description: 'Where the hub, or an edge, is; else TIDINGS_URL, else http://127.0.0.1:8080.',
  },
  token: {
    type: 'string',
    valueHint: 'jwt',
    description: 'The token; better in TIDINGS_TOKEN or a file: other users of the machine see command lines.',
  },
  'token-file': {
    type: 'string',
    valueHint: 'path',
    description: 'A file that holds the token, or - for standard input.',
  },
} as const;

/** And for commands that write, where the ingest is. */
export const INGEST_ARGS = {
  'ingest-url': {
    type: 'string',
    valueHint: 'url',
    description: 'Where an ingest is, when that is another host than --url; else TIDINGS_INGEST_URL.',
  },
} as const;

/** Values of options by their names; those that were not given are absent. */
export type Given = Readonly<Record<string, unknown>>;

const DEFAULT_URL = 'http://127.0.0.1:8080';

/**
 * The deployment that options and environment name; an option wins.
 * @param tokenNames variables that may hold the token, the first that is set counts.
 * @throws UsageError for an option that can't be used, CommandError for a variable or a file.
 */
export function deploymentOf(
  given: Given,
  env: NodeJS.ProcessEnv,
  tokenNames: readonly string[] = ['TIDINGS_TOKEN'],
): Deployment {
  const url = urlOf('url', 'TIDINGS_URL', given, env) ?? DEFAULT_URL;
  const ingestUrl = urlOf('ingest-url', 'TIDINGS_INGEST_URL', given, env) ?? url;
  if (given.token !== undefined && given['token-file'] !== undefined) {
    throw new UsageError('--token and --token-file are two tokens: give one.');
  }
  const token = tokenReader(given, env, tokenNames);
  // What is wrong with it is told before anything is begun.
  token();
  return { url, ingestUrl, token };
}

function urlOf(option: string, variable: string, given: Given, env: NodeJS.ProcessEnv): string | undefined {
  if (given[option] !== undefined) {
    return parseUrl(`${given[option]}`, (fault) => new UsageError(`--${option} ${fault}`));
  }
  const text = env[variable]?.trim();
  return text ? parseUrl(text, (fault) => new CommandError(`${variable} ${fault}`, EXIT.configuration)) : undefined;
}

function parseUrl(text: string, toError: (fault: string) => Error): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw toError('is a URL such as https://events.example.com.');
  // It stands in what is printed, and is no place for a secret.
  if (url.username || url.search || url.hash) throw toError('is a URL without user, query and fragment.');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function tokenReader(given: Given, env: NodeJS.ProcessEnv, names: readonly string[]): () => string | undefined {
  const path = given['token-file'] as string | undefined;
  if (path === undefined) {
    const name = names.find((each) => env[each]?.trim());
    const from = given.token === undefined ? name : '--token';
    const text = (given.token as string | undefined) ?? (name && env[name]);
    return () => (text === undefined || from === undefined ? undefined : checkToken(text, from));
  }
  // Standard input is there once.
  const piped = path === '-' ? readSecretFile(path, '--token-file') : undefined;
  return () => checkToken(piped ?? readSecretFile(path, '--token-file'), '--token-file');
}

/**
 * Reads a file that holds a secret; `-` is standard input.
 * @throws CommandError that names the option and the reason, and never what was read.
 */
export function readSecretFile(path: string, option: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${option} ${path} can not be read (${code}).`, EXIT.noInput);
  }
}

// What is no header value would be quoted by the error of whoever sends it.
function checkToken(text: string, from: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(`${from} holds no token: it is empty, or has spaces or line breaks in it.`, EXIT.data);
}
