import { parseArgs } from 'node:util';
import { SCENARIOS, type SiteKind } from './catalogue.ts';

/** A deployment that was there before, and is not touched. */
interface GivenTarget {
  readonly urls: readonly string[];
  readonly ingest: string | undefined;
  readonly admins: readonly string[];
  readonly token: string;
}

export interface LoadOptions {
  readonly scenario: string;
  /** Nothing: what the scenario needs is started here. */
  readonly target: GivenTarget | undefined;
  readonly site: SiteKind;
  readonly edges: number;
  /** The scenario's environment: sizes and thresholds, by name. */
  readonly sizes: Readonly<Record<string, string>>;
  /** Where the result and the report go, instead of a folder of loadtest/results. */
  readonly out: string | undefined;
}

/** Flags that are sizes, and the variables of the scenarios that they set. */
const SIZES = {
  streams: 'STREAMS',
  topics: 'TOPICS',
  rate: 'RATE',
  duration: 'DURATION',
  payload: 'PAYLOAD_BYTES',
  batch: 'BATCH',
  http: 'HTTP',
  'streams-per-connection': 'STREAMS_PER_CONNECTION',
  'connections-per-second': 'CONNECTIONS_PER_SECOND',
} as const;
const MOST_EDGES = 8;

export const USAGE: string = `npm run loadtest -- <scenario> [options]

Scenarios
${Object.entries(SCENARIOS)
  .map(([name, { title }]) => `  ${name.padEnd(16)} ${title}`)
  .join('\n')}

Size
  --streams N --topics N --rate EVENTS_A_SECOND --duration SECONDS --payload BYTES --batch EVENTS_A_REQUEST
  --http h1|h2 --streams-per-connection N --connections-per-second N
  --set NAME=VALUE     any other variable of the scenario, such as P99_MS=200

What is started here, when no --url is given
  --site hub|cluster   one process, or three nats-servers, edges and an ingest; the scenario knows what it needs
  --edges N            edges of a cluster, 2 by default

A deployment of your own
  --url URL            where streams are opened; several with commas between them
  --ingest URL         where events are published; the first --url otherwise
  --admin URL          admin ports, for CPU and memory; several with commas between them
  TIDINGS_TOKEN        in the environment: a token that may publish and subscribe to lt.>

  --out FOLDER         for result.json and report.html; loadtest/results/load/<scenario> otherwise`;

/**
 * Reads the words after `npm run loadtest --`.
 * @returns nothing when help is asked for.
 * @throws TypeError with what is wrong.
 */
export function parseLoadOptions(args: readonly string[], env: NodeJS.ProcessEnv): LoadOptions | undefined {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...(Object.fromEntries(Object.keys(SIZES).map((name) => [name, text])) as Record<
        keyof typeof SIZES,
        typeof text
      >),
      set: { type: 'string', multiple: true },
      site: text,
      edges: text,
      url: text,
      ingest: text,
      admin: text,
      out: text,
      help: { type: 'boolean' },
    },
  });
  const [scenario, ...more] = positionals;
  if (values.help || scenario === undefined) return undefined;
  const known = SCENARIOS[scenario];
  if (known === undefined)
    throw new TypeError(`there is no scenario ${scenario}: ${Object.keys(SCENARIOS).join(', ')}`);
  if (more.length > 0) throw new TypeError(`${more[0]} is one word too many`);
  const site = values.site ?? known.site;
  if (site !== 'hub' && site !== 'cluster') throw new TypeError(`--site is hub or cluster, not ${site}`);
  if (site === 'hub' && known.fault !== undefined) throw new TypeError(`${scenario} needs edges: --site cluster`);
  const edges = Number(values.edges ?? 2);
  if (!Number.isInteger(edges) || edges < 1 || edges > MOST_EDGES)
    throw new TypeError(`--edges is a number from 1 to ${MOST_EDGES}`);
  if (known.fault !== undefined && edges < 2) throw new TypeError(`${scenario} needs two edges at least`);
  if (values.url === undefined && (values.ingest ?? values.admin) !== undefined)
    throw new TypeError('--ingest and --admin are of a deployment of your own: --url says where it is');
  if (values.url !== undefined && (values.site ?? values.edges) !== undefined)
    throw new TypeError('--site and --edges are of what is started here, and with --url nothing is');
  const given = Object.fromEntries(
    Object.entries(SIZES).flatMap(([flag, name]) => {
      const value = values[flag as keyof typeof SIZES];
      if (value === undefined) return [];
      if (flag !== 'http' && !(Number(value) > 0)) throw new TypeError(`--${flag} is a number above 0, not ${value}`);
      return [[name, value]];
    }),
  );
  return {
    scenario,
    target: values.url === undefined ? undefined : readTarget(values.url, values.ingest, values.admin, env),
    site,
    edges,
    sizes: { ...given, ...readSettings(values.set ?? []) },
    out: values.out,
  };
}

function readTarget(
  url: string,
  ingest: string | undefined,
  admin: string | undefined,
  env: NodeJS.ProcessEnv,
): GivenTarget {
  const token = env.TIDINGS_TOKEN;
  if (!token) throw new TypeError('TIDINGS_TOKEN is missing: a token that may publish and subscribe to lt.>');
  const admins = admin === undefined ? [] : admin.split(',');
  const urls = url.split(',');
  for (const each of [...urls, ...admins, ...(ingest === undefined ? [] : [ingest])]) {
    if (!/^https?:\/\//.test(each) || !URL.canParse(each)) throw new TypeError(`${each} is no URL of HTTP`);
  }
  return { urls, ingest, admins, token };
}

function readSettings(settings: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    settings.map((setting) => {
      const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(setting) ?? [];
      // What has a flag or a secret of its own is not set in passing.
      if (name === undefined || value === undefined || /^(TIDINGS_|K6_)/.test(name) || name === 'RESULT')
        throw new TypeError(`--set ${setting}: NAME=VALUE, with a variable of the scenario`);
      return [name, value];
    }),
  );
}
