import { faultsBetween, type Needs } from './settings-rules.ts';
import { COMMAND_LINE_VARIABLES, VARIABLES } from './variable.ts';

/** The validated configuration of a service. Units stand in the names. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly production: boolean;
  readonly logLevel: string;
  /** Which deeds are recorded. */
  readonly audit: 'all' | 'control' | 'off';
  /** Whether the console is served; `undefined`: by the hub alone. */
  readonly console: 'on' | 'off' | undefined;
  /** Whether spans are recorded and sent to a collector. */
  readonly traces: 'on' | 'off';
  /** Of the traces that begin here, the share that is recorded: 0 to 1. */
  readonly tracesRatio: number;
  /** `nats://` or `tls://` URLs of one cluster; `undefined`: the embedded broker. */
  readonly natsServers: readonly string[] | undefined;
  readonly natsUser: string | undefined;
  readonly natsPassword: string | undefined;
  readonly natsCredsFile: string | undefined;
  readonly natsTlsCaFile: string | undefined;
  readonly natsTlsCertFile: string | undefined;
  readonly natsTlsKeyFile: string | undefined;
  /** `undefined`: 3 in a cluster, 1 on a single server. */
  readonly natsReplicas: number | undefined;
  /** What a process takes of the live events of its NATS servers. */
  readonly feed: 'all' | 'interest';
  readonly jwtSecrets: readonly string[];
  /** PEM text, or the path of a file that holds it. */
  readonly jwtPublicKey: string | undefined;
  readonly jwksUrl: string | undefined;
  readonly jwtIssuer: string | undefined;
  readonly jwtAudience: string | undefined;
  /** Path of a JSON file. */
  readonly issuersFile: string | undefined;
  readonly maxTokenAgeSec: number;
  readonly cookieName: string;
  readonly allowedOrigins: readonly string[];
  /** Paths of PEM files; `undefined`: the public port speaks plain HTTP. */
  readonly tlsCertFile: string | undefined;
  readonly tlsKeyFile: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly topicsFile: string | undefined;
  /** Path of a JSON file. */
  readonly hooksFile: string | undefined;
  /** Path of a JSON file; `undefined`: there are no webhooks. */
  readonly webhooksFile: string | undefined;
  /** Path of a JSON file, and the name in it of the cell that this process belongs to: both, or none. */
  readonly cellsFile: string | undefined;
  readonly cell: string | undefined;
  readonly historyMaxAgeSec: number;
  readonly historyMaxBytes: number;
  readonly ringMaxBytes: number;
  readonly lagMaxBytes: number;
  readonly lagMaxAgeSec: number;
  readonly maxEventBytes: number;
  readonly maxBodyBytes: number;
  readonly catchUpMaxBytes: number;
  /** What an edge remembers of sessions that ended; 0: it keeps no journal. */
  readonly journalMaxBytes: number;
  readonly journalMaxAgeSec: number;
  /** Open streams; 0: no limit, also of all that follow to `quotaEvents`. */
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
  readonly maxConnectionsPerTenant: number;
  readonly maxConnectionsPerAddress: number;
  /** Events, bytes, streams and refused tokens each second. */
  readonly ratePublish: number;
  readonly ratePublishPerTenant: number;
  readonly ratePublishPerAddress: number;
  readonly ratePublishBytes: number;
  readonly ratePublishBytesPerTenant: number;
  readonly rateConnect: number;
  readonly rateConnectPerTenant: number;
  readonly rateConnectPerAddress: number;
  readonly rateAuthFailures: number;
  /** Events of a tenant in a day of UTC. */
  readonly quotaEvents: number;
  readonly heartbeatMs: number;
  /** 0: streams have no age limit of their own. */
  readonly maxStreamAgeSec: number;
  readonly drainMs: number;
}

/** The configuration can't be used; `problems` has one clear line for each fault. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} fault(s):\n${problems.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

// Kubernetes injects such names for every service of a namespace, `TIDINGS_EDGE_PORT_8080_TCP_ADDR` and the like.
const INJECTED = /^TIDINGS_(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_.*)?)$/;

// A service that is called tidings brings `TIDINGS_PORT=tcp://…`; any other value is a person's slip for PORT.
const isInjected = (name: string, value: string | undefined): boolean =>
  INJECTED.test(name) && (name !== 'TIDINGS_PORT' || /^\w+:\/\//.test(value ?? ''));

function unknownNames(env: NodeJS.ProcessEnv): string[] {
  const known = new Set([...VARIABLES, ...COMMAND_LINE_VARIABLES].map(({ name }) => name));
  return Object.keys(env).filter(
    (name) => name.startsWith('TIDINGS_') && !known.has(name) && !isInjected(name, env[name]),
  );
}

/**
 * Reads and checks every variable at once. An empty value counts as unset.
 * @param needs what this service can't do without.
 * @throws ConfigurationError with all faults, each naming its variable; no value of a secret is ever quoted.
 */
export function loadSettings(env: NodeJS.ProcessEnv, needs: Needs = {}): Settings {
  const problems = unknownNames(env).map((name) => `${name}: there is no such variable`);
  const values = new Map<string, unknown>();
  for (const { name, fallback, schema } of VARIABLES) {
    const text = env[name] === '' ? fallback : (env[name] ?? fallback);
    if (text === undefined) continue;
    const result = schema.safeParse(text);
    if (result.success) values.set(name, result.data);
    else problems.push(...result.error.issues.map((issue) => `${name}: ${issue.message}`));
  }
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  problems.push(...faultsBetween({ values, isSet }, needs));
  if (problems.length > 0) throw new ConfigurationError(problems);

  const read = <Value>(name: string): Value => values.get(name) as Value;
  return {
    host: read('HOST'),
    port: read('PORT'),
    adminHost: read<string | undefined>('TIDINGS_ADMIN_HOST') ?? read('HOST'),
    adminPort: read('TIDINGS_ADMIN_PORT'),
    production: read('NODE_ENV') === 'production',
    logLevel: read('LOG_LEVEL'),
    audit: read('TIDINGS_AUDIT'),
    console: read('TIDINGS_CONSOLE'),
    traces: read('TIDINGS_TRACES'),
    tracesRatio: read('TIDINGS_TRACES_RATIO'),
    natsServers: read('TIDINGS_NATS_URL'),
    natsUser: read('TIDINGS_NATS_USER'),
    natsPassword: read('TIDINGS_NATS_PASSWORD'),
    natsCredsFile: read('TIDINGS_NATS_CREDS'),
    natsTlsCaFile: read('TIDINGS_NATS_TLS_CA'),
    natsTlsCertFile: read('TIDINGS_NATS_TLS_CERT'),
    natsTlsKeyFile: read('TIDINGS_NATS_TLS_KEY'),
    natsReplicas: read('TIDINGS_NATS_REPLICAS'),
    feed: read('TIDINGS_FEED'),
    jwtSecrets: read<string[] | undefined>('TIDINGS_JWT_SECRET') ?? [],
    jwtPublicKey: read('TIDINGS_JWT_PUBLIC_KEY'),
    jwksUrl: read('TIDINGS_JWKS_URL'),
    jwtIssuer: read('TIDINGS_JWT_ISSUER'),
    jwtAudience: read('TIDINGS_JWT_AUDIENCE'),
    issuersFile: read('TIDINGS_ISSUERS_FILE'),
    maxTokenAgeSec: read('TIDINGS_MAX_TOKEN_AGE'),
    cookieName: read('TIDINGS_COOKIE_NAME'),
    allowedOrigins: read<string[] | undefined>('TIDINGS_ALLOWED_ORIGINS') ?? [],
    tlsCertFile: read('TIDINGS_TLS_CERT'),
    tlsKeyFile: read('TIDINGS_TLS_KEY'),
    trustedProxies: read<string[] | undefined>('TIDINGS_TRUSTED_PROXIES') ?? [],
    topicsFile: read('TIDINGS_TOPICS_FILE'),
    hooksFile: read('TIDINGS_HOOKS_FILE'),
    webhooksFile: read('TIDINGS_WEBHOOKS_FILE'),
    cellsFile: read('TIDINGS_CELLS_FILE'),
    cell: read('TIDINGS_CELL'),
    historyMaxAgeSec: read('TIDINGS_HISTORY_MAX_AGE'),
    historyMaxBytes: read('TIDINGS_HISTORY_MAX_BYTES'),
    ringMaxBytes: read('TIDINGS_RING_MAX_BYTES'),
    lagMaxBytes: read('TIDINGS_LAG_MAX_BYTES'),
    lagMaxAgeSec: read('TIDINGS_LAG_MAX_AGE'),
    maxEventBytes: read('TIDINGS_MAX_EVENT_BYTES'),
    maxBodyBytes: read('TIDINGS_MAX_BODY_BYTES'),
    catchUpMaxBytes: read('TIDINGS_CATCH_UP_MAX_BYTES'),
    journalMaxBytes: read('TIDINGS_JOURNAL_MAX_BYTES'),
    journalMaxAgeSec: read('TIDINGS_JOURNAL_MAX_AGE'),
    maxConnections: read('TIDINGS_MAX_CONNECTIONS'),
    maxConnectionsPerUser: read('TIDINGS_MAX_CONNECTIONS_PER_USER'),
    maxConnectionsPerTenant: read('TIDINGS_MAX_CONNECTIONS_PER_TENANT'),
    maxConnectionsPerAddress: read('TIDINGS_MAX_CONNECTIONS_PER_ADDRESS'),
    ratePublish: read('TIDINGS_RATE_PUBLISH'),
    ratePublishPerTenant: read('TIDINGS_RATE_PUBLISH_PER_TENANT'),
    ratePublishPerAddress: read('TIDINGS_RATE_PUBLISH_PER_ADDRESS'),
    ratePublishBytes: read('TIDINGS_RATE_PUBLISH_BYTES'),
    ratePublishBytesPerTenant: read('TIDINGS_RATE_PUBLISH_BYTES_PER_TENANT'),
    rateConnect: read('TIDINGS_RATE_CONNECT'),
    rateConnectPerTenant: read('TIDINGS_RATE_CONNECT_PER_TENANT'),
    rateConnectPerAddress: read('TIDINGS_RATE_CONNECT_PER_ADDRESS'),
    rateAuthFailures: read('TIDINGS_RATE_AUTH_FAILURES'),
    quotaEvents: read('TIDINGS_QUOTA_EVENTS'),
    heartbeatMs: read('TIDINGS_HEARTBEAT_MS'),
    maxStreamAgeSec: read('TIDINGS_MAX_STREAM_AGE'),
    drainMs: read('TIDINGS_DRAIN_MS'),
  };
}
