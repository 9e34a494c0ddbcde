import { MAX_EVENT_BYTES_CEILING } from '@tidings/protocol';
import { z } from 'zod';
import { httpUrl, list, natsServers, oneOf, origins, share, text, whole } from './variable-format.ts';

/** One environment variable: how it is read, and what `tidings config` and the docs say of it. */
export interface Variable {
  readonly name: string;
  readonly meaning: string;
  /** Text that stands in when it is unset or empty; `undefined` when there is no default. */
  readonly fallback: string | undefined;
  readonly schema: z.ZodType;
}

const variable = (name: string, fallback: string | undefined, schema: z.ZodType, meaning: string): Variable => ({
  name,
  meaning,
  fallback,
  schema,
});

const YEAR_SEC = 366 * 86_400;

const rate = (name: string, most: number, meaning: string): Variable =>
  variable(name, '0', whole(0, most), `${meaning}; 0: no limit.`);

const MAX_RATE = 1_000_000_000;

/** What each may do in a second on one node (docs/reference/limits.md), and a tenant in a day on all. */
const RATES: readonly Variable[] = [
  rate('TIDINGS_RATE_PUBLISH', MAX_RATE, 'Events that a user may publish each second on one node'),
  rate('TIDINGS_RATE_PUBLISH_PER_TENANT', MAX_RATE, 'The same of all users of a tenant together'),
  rate('TIDINGS_RATE_PUBLISH_PER_ADDRESS', MAX_RATE, 'The same of all that comes from one address'),
  rate('TIDINGS_RATE_PUBLISH_BYTES', 2 ** 40, 'Payload that a user may publish each second on one node, in bytes'),
  rate('TIDINGS_RATE_PUBLISH_BYTES_PER_TENANT', 2 ** 40, 'The same of all users of a tenant together'),
  rate('TIDINGS_RATE_CONNECT', MAX_RATE, 'Streams that a user may open each second on one node'),
  rate('TIDINGS_RATE_CONNECT_PER_TENANT', MAX_RATE, 'The same of all users of a tenant together'),
  rate('TIDINGS_RATE_CONNECT_PER_ADDRESS', MAX_RATE, 'Streams asked for each second from one address on one node'),
  rate(
    'TIDINGS_RATE_AUTH_FAILURES',
    MAX_RATE,
    'Tokens from one address that may be refused each second on one node, before its tokens are not looked at',
  ),
  rate('TIDINGS_QUOTA_EVENTS', 10 ** 12, 'Events that a tenant may publish in a day of UTC, on all nodes together'),
];

/** Every variable that a service reads, in the order in which the docs list them (contract section 9). */
export const VARIABLES: readonly Variable[] = [
  variable('HOST', '127.0.0.1', text(), 'Address of the public port.'),
  variable('PORT', '8080', whole(0, 65_535), 'Public port; 0 takes a free one.'),
  variable('TIDINGS_ADMIN_HOST', undefined, text(), 'Address of the admin port; as HOST when unset.'),
  variable(
    'TIDINGS_ADMIN_PORT',
    '9090',
    whole(0, 65_535),
    'Port of /healthz, /readyz and /metrics; 0 takes a free one.',
  ),
  variable(
    'NODE_ENV',
    'development',
    z.enum(['production', 'development', 'test']),
    'production: a key is required, and only __Host- cookies count.',
  ),
  variable(
    'LOG_LEVEL',
    'info',
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    'Least severe line to write.',
  ),
  variable(
    'TIDINGS_AUDIT',
    'all',
    z.enum(['all', 'control', 'off']),
    'Records of who did what, in the log and on $hub.audit: all, control (without publishing and subscribing), off.',
  ),
  variable(
    'TIDINGS_CONSOLE',
    undefined,
    z.enum(['on', 'off']),
    'on: the console is served at /console. Unset: the hub does, an edge does not.',
  ),
  variable(
    'TIDINGS_TRACES',
    'off',
    z.enum(['on', 'off']),
    'on: spans of events on their way go to an OTLP collector, which the OTEL_EXPORTER_OTLP_ variables name.',
  ),
  variable(
    'TIDINGS_TRACES_RATIO',
    '0.01',
    share(),
    'Of the traces that begin here, the share that is recorded, 0 to 1; a publisher decides for those that it brings.',
  ),
  variable(
    'TIDINGS_NATS_URL',
    undefined,
    natsServers(),
    'Servers of one NATS cluster, a comma list of nats:// or tls:// URLs; unset: the hub keeps events in memory.',
  ),
  variable('TIDINGS_NATS_USER', undefined, text(), 'User at the NATS servers, together with a password.'),
  variable('TIDINGS_NATS_PASSWORD', undefined, text(), 'Password of that user.'),
  variable(
    'TIDINGS_NATS_CREDS',
    undefined,
    text(),
    'Path of a .creds file for the NATS servers, in place of user and password.',
  ),
  variable(
    'TIDINGS_NATS_TLS_CA',
    undefined,
    text(),
    'Path of a PEM file with the authorities that vouch for the NATS servers.',
  ),
  variable(
    'TIDINGS_NATS_TLS_CERT',
    undefined,
    text(),
    'Path of the PEM certificate to show to the NATS servers, together with its key.',
  ),
  variable('TIDINGS_NATS_TLS_KEY', undefined, text(), 'Path of the PEM key of that certificate.'),
  variable(
    'TIDINGS_NATS_REPLICAS',
    undefined,
    oneOf(1, 3, 5),
    'Servers that keep each event: 1, 3 or 5; unset: 3 in a cluster, 1 on a single server.',
  ),
  variable(
    'TIDINGS_FEED',
    'all',
    z.enum(['all', 'interest']),
    'What an edge takes of the live events: all, routed in process, or only what its own streams follow (interest).',
  ),
  variable(
    'TIDINGS_JWT_SECRET',
    undefined,
    list(),
    'HS256 secrets of 32 bytes or more, a comma list for rotation; the first mints.',
  ),
  variable(
    'TIDINGS_JWT_PUBLIC_KEY',
    undefined,
    text(),
    'Public key as PEM, or the path of a PEM file (RS256, PS256, ES256, EdDSA).',
  ),
  variable('TIDINGS_JWKS_URL', undefined, httpUrl(), 'URL of a JSON Web Key Set.'),
  variable('TIDINGS_JWT_ISSUER', undefined, text(), 'Required iss of every token.'),
  variable('TIDINGS_JWT_AUDIENCE', undefined, text(), 'Required aud of every token.'),
  variable(
    'TIDINGS_ISSUERS_FILE',
    undefined,
    text(),
    'JSON file of issuers, each with keys, an audience and tenants of its own, beside the keys above or in place of them.',
  ),
  variable('TIDINGS_MAX_TOKEN_AGE', '2678400', whole(60, YEAR_SEC), 'Longest life of a token, in seconds.'),
  variable(
    'TIDINGS_COOKIE_NAME',
    'tidings',
    z.string().regex(/^[A-Za-z0-9_-]+$/, 'must be letters, digits, _ and -'),
    'Cookie that may hold the token; __Host- is put before it over TLS.',
  ),
  variable(
    'TIDINGS_ALLOWED_ORIGINS',
    undefined,
    origins(),
    'Origins of pages that may use the hub, a comma list; the own origin always may.',
  ),
  variable(
    'TIDINGS_TRUSTED_PROXIES',
    undefined,
    list(),
    'Addresses or CIDR ranges whose X-Forwarded-For is believed, a comma list.',
  ),
  variable(
    'TIDINGS_TLS_CERT',
    undefined,
    text(),
    'Path of a PEM certificate with its chain, read again when it changes; the public port then speaks TLS.',
  ),
  variable('TIDINGS_TLS_KEY', undefined, text(), 'Path of the PEM key of that certificate.'),
  variable('TIDINGS_TOPICS_FILE', undefined, text(), 'JSON file of topic classes: pattern to public, ttl, store.'),
  variable(
    'TIDINGS_HOOKS_FILE',
    undefined,
    text(),
    'JSON file of webhooks that are taken: who signs them, and what becomes of each.',
  ),
  variable(
    'TIDINGS_WEBHOOKS_FILE',
    undefined,
    text(),
    'JSON file of endpoints that are told of sessions, presence and users who were not reached; unset: there are no webhooks.',
  ),
  variable(
    'TIDINGS_CELLS_FILE',
    undefined,
    text(),
    'JSON file of cells, and of the tenants that each serves; whoever belongs to another cell is refused with 421.',
  ),
  variable('TIDINGS_CELL', undefined, text(), 'The cell of that file that this process belongs to.'),
  variable('TIDINGS_HISTORY_MAX_AGE', '86400', whole(1, YEAR_SEC), 'Age of the oldest event kept, in seconds.'),
  variable('TIDINGS_HISTORY_MAX_BYTES', '268435456', whole(2_000_000, 2 ** 40), 'Size of the history kept, in bytes.'),
  variable(
    'TIDINGS_RING_MAX_BYTES',
    '67108864',
    whole(1_000_000, 2 ** 40),
    'Encoded recent events that an edge keeps for resumes, in bytes.',
  ),
  variable(
    'TIDINGS_LAG_MAX_BYTES',
    '65536',
    whole(4_096, 2 ** 30),
    'Unsent bytes at which a connection counts as lagging.',
  ),
  variable(
    'TIDINGS_LAG_MAX_AGE',
    '60',
    whole(1, 3_600),
    'Seconds without progress after which a lagging connection is closed.',
  ),
  variable(
    'TIDINGS_CATCH_UP_MAX_BYTES',
    '67108864',
    whole(4_194_304, 2 ** 40),
    'History that all streams which catch up may hold in memory at once, in bytes.',
  ),
  variable(
    'TIDINGS_JOURNAL_MAX_BYTES',
    '0',
    whole(0, 2 ** 40),
    'What an edge may remember of streams that ended, in bytes, to explain what became of an event; 0: it keeps no journal.',
  ),
  variable('TIDINGS_JOURNAL_MAX_AGE', '86400', whole(1, YEAR_SEC), 'How long it remembers them, in seconds.'),
  variable(
    'TIDINGS_MAX_CONNECTIONS',
    '100000',
    whole(0, 2 ** 31),
    'Open streams of one edge; what comes beyond is asked to try again. 0: no limit.',
  ),
  variable(
    'TIDINGS_MAX_CONNECTIONS_PER_USER',
    '1000',
    whole(0, 2 ** 31),
    'Open streams of one user on one edge; 0: no limit.',
  ),
  variable(
    'TIDINGS_MAX_CONNECTIONS_PER_TENANT',
    '0',
    whole(0, 2 ** 31),
    'Open streams of one tenant on one edge; 0: no limit.',
  ),
  variable(
    'TIDINGS_MAX_CONNECTIONS_PER_ADDRESS',
    '0',
    whole(0, 2 ** 31),
    'Open streams from one address on one edge, by TIDINGS_TRUSTED_PROXIES; 0: no limit.',
  ),
  ...RATES,
  variable(
    'TIDINGS_MAX_EVENT_BYTES',
    '262144',
    whole(1, MAX_EVENT_BYTES_CEILING),
    'Largest payload of one event, in bytes as delivered.',
  ),
  variable('TIDINGS_MAX_BODY_BYTES', '8388608', whole(1_024, 2 ** 30), 'Largest body of one request, in bytes.'),
  variable(
    'TIDINGS_HEARTBEAT_MS',
    '15000',
    whole(5_000, 60_000),
    'Silence after which a stream gets a heartbeat, in milliseconds.',
  ),
  variable(
    'TIDINGS_MAX_STREAM_AGE',
    '0',
    whole(0, YEAR_SEC),
    'Seconds after which a stream is asked to reconnect; 0 never.',
  ),
  variable(
    'TIDINGS_DRAIN_MS',
    '10000',
    whole(0, 600_000),
    'Time over which reconnects are spread at shutdown, in milliseconds.',
  ),
];

/**
 * Variables of the command line: where it finds a deployment, and who it is there. Services know them and leave them alone,
 * so that one environment serves both.
 */
export const COMMAND_LINE_VARIABLES: readonly Omit<Variable, 'schema'>[] = [
  {
    name: 'TIDINGS_URL',
    fallback: 'http://127.0.0.1:8080',
    meaning: 'Commands: where the hub, or an edge, is.',
  },
  {
    name: 'TIDINGS_INGEST_URL',
    fallback: undefined,
    meaning: 'Commands: where an ingest is, when that is another host; as TIDINGS_URL when unset.',
  },
  { name: 'TIDINGS_TOKEN', fallback: undefined, meaning: 'Commands: the token.' },
  {
    name: 'TIDINGS_PUBLISH_TOKEN',
    fallback: undefined,
    meaning: 'Commands: the token to publish with; TIDINGS_TOKEN when unset.',
  },
];
