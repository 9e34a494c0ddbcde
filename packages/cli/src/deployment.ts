import { readFileSync } from 'node:fs';
import { CommandError, EXIT, UsageError } from './command-error.ts';
import { type Given, textOf } from './option-value.ts';

/** Where a deployment is, and who asks it. URLs are without a slash at the end. */
export interface Deployment {
  /** The edge, or the hub. */
  readonly url: string;
  readonly ingestUrl: string;
  readonly token: string | undefined;
  /** For publishing; the same as `token` unless another was given. */
  readonly publishToken: string | undefined;
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

/** And for commands that both listen and publish. */
export const PUBLISH_TOKEN_ARGS = {
  'publish-token': {
    type: 'string',
    valueHint: 'jwt',
    description: 'The token to publish with, where it is another one; better in TIDINGS_PUBLISH_TOKEN.',
  },
} as const;

const DEFAULT_URL = 'http://127.0.0.1:8080';

/**
 * The deployment that options and environment name; an option wins over any variable.
 * @throws UsageError for an option that can't be used, CommandError for a variable or a file.
 */
export function deploymentOf(given: Given, env: NodeJS.ProcessEnv): Deployment {
  const url = urlOf('url', 'TIDINGS_URL', given, env) ?? DEFAULT_URL;
  const ingestUrl = urlOf('ingest-url', 'TIDINGS_INGEST_URL', given, env) ?? url;
  if (textOf(given.token) !== undefined && textOf(given['token-file']) !== undefined) {
    throw new UsageError('--token and --token-file are two tokens: give one.');
  }
  const variable = (name: string): string | undefined => tokenOf(env[name], name);
  const named = tokenOf(given.token, '--token') ?? tokenFileOf(given);
  const token = named ?? variable('TIDINGS_TOKEN');
  const other = tokenOf(given['publish-token'], '--publish-token');
  const publishToken = other ?? named ?? variable('TIDINGS_PUBLISH_TOKEN') ?? token;
  return { url, ingestUrl, token, publishToken };
}

/** The token as it is now: of a file that which stands in it by then. @throws CommandError as `deploymentOf`. */
export function currentToken(given: Given, { token }: Deployment): string | undefined {
  // Standard input is there once.
  return given['token-file'] === '-' ? token : (tokenFileOf(given) ?? token);
}

function urlOf(option: string, variable: string, given: Given, env: NodeJS.ProcessEnv): string | undefined {
  const text = textOf(given[option]);
  if (text !== undefined) return parseUrl(text, (fault) => new UsageError(`--${option} ${fault}`));
  const value = textOf(env[variable]?.trim());
  return value && parseUrl(value, (fault) => new CommandError(`${variable} ${fault}`, EXIT.configuration));
}

function parseUrl(text: string, toError: (fault: string) => Error): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw toError('is a URL such as https://events.example.com.');
  // It stands in what is printed, and is no place for a secret.
  if (url.username || url.search || url.hash) throw toError('is a URL without user, query and fragment.');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function tokenOf(value: unknown, from: string): string | undefined {
  const text = textOf(value);
  // An empty variable counts as unset.
  return text?.trim() ? checkToken(text, from) : undefined;
}

function tokenFileOf(given: Given): string | undefined {
  const path = textOf(given['token-file']);
  return path && checkToken(readSecretFile(path, '--token-file'), '--token-file');
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
