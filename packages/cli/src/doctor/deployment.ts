import { readFileSync } from 'node:fs';
import type { ArgsDef } from 'citty';
import { UsageError } from './usage-error.ts';

/** Where a deployment is, and who asks it. URLs are without a slash at the end. */
export interface Deployment {
  readonly url: string;
  readonly ingestUrl: string;
  readonly token: string | undefined;
  /** For publishing; the same as `token` unless another was given. */
  readonly publishToken: string | undefined;
}

/** The options that say it, the same for every command. */
export const DEPLOYMENT_ARGS: ArgsDef = {
  url: {
    type: 'string',
    valueHint: 'url',
    description: 'The edge, or the hub. TIDINGS_URL, or else http://127.0.0.1:8080.',
  },
  'ingest-url': {
    type: 'string',
    valueHint: 'url',
    description: 'The ingest, where it is another host than the edge. TIDINGS_INGEST_URL.',
  },
  token: {
    type: 'string',
    valueHint: 'jwt',
    description: 'The token to ask with. TIDINGS_TOKEN keeps it out of `ps`.',
  },
  'token-file': { type: 'string', valueHint: 'path', description: 'A file that holds that token.' },
  'publish-token': {
    type: 'string',
    valueHint: 'jwt',
    description: 'The token to publish with, where it is another one. TIDINGS_PUBLISH_TOKEN.',
  },
};

/** Values of options, by their names; those that were not given are absent. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The deployment that options and environment name; an option wins.
 * @throws UsageError for a URL or a file that can't be used.
 */
export function deploymentOf(given: Given, env: NodeJS.ProcessEnv): Deployment {
  const text = (option: string, variable: string): string | undefined =>
    textOf(given[option]) ?? textOf(env[variable]?.trim());
  const url = parseUrl('--url', text('url', 'TIDINGS_URL') ?? 'http://127.0.0.1:8080');
  const ingestUrl = text('ingest-url', 'TIDINGS_INGEST_URL');
  const file = textOf(given['token-file']);
  const token = textOf(given.token) ?? (file === undefined ? textOf(env.TIDINGS_TOKEN?.trim()) : readToken(file));
  return {
    url,
    ingestUrl: ingestUrl === undefined ? url : parseUrl('--ingest-url', ingestUrl),
    token,
    publishToken: text('publish-token', 'TIDINGS_PUBLISH_TOKEN') ?? token,
  };
}

/**
 * A mistyped option must not count as one that was not given.
 * @throws UsageError for options that `known` does not hold, and for words that are none.
 */
export function refuseUnknown(given: Given & { readonly _: readonly string[] }, known: ArgsDef): void {
  const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const names = new Set(Object.keys(known).flatMap((name) => [name, camel(name)]));
  const unknown = Object.keys(given).find((name) => name !== '_' && !names.has(name));
  if (unknown !== undefined) throw new UsageError(`There is no option --${unknown}.`);
  if (given._.length > 0) throw new UsageError(`"${given._[0]}" belongs to no option.`);
}

/** The number that an option gives. @throws UsageError when it is none, or not between the two. */
export function numberOf(given: Given, option: string, fallback: number, least: number, most: number): number {
  const text = textOf(given[option]);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new UsageError(`--${option} is a number from ${least} to ${most}.`);
  return value;
}

/** A text that was given; an option without its value counts as none. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parseUrl(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`${option} is a URL such as https://events.example.com.`);
  }
  // A token in a URL would stand in what is printed.
  if (url.username !== '' || url.search !== '') throw new UsageError(`${option} is a URL without user and query.`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--token-file can't be read: ${(error as Error).message}`);
  }
}
