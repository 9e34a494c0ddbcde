import { describe, expect, it } from 'vitest';
import { ConfigurationError, loadSettings, type Settings } from '../src/settings.ts';
import type { Needs } from '../src/settings-rules.ts';
import { COMMAND_LINE_VARIABLES, VARIABLES } from '../src/variable.ts';

function problemsOf(env: NodeJS.ProcessEnv, needs: Needs = {}): readonly string[] {
  try {
    loadSettings(env, needs);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  return [];
}

const SECRET = 'a secret that is 32 bytes or longer';

interface Row {
  readonly name: string;
  readonly member: keyof Settings;
  readonly unset: unknown;
  readonly good: readonly (readonly [text: string, value: unknown])[];
  readonly bad: readonly string[];
  /** Without these it would be a fault. */
  readonly beside?: NodeJS.ProcessEnv;
}

const whole = (name: string, member: keyof Settings, unset: number, least: number, most: number): Row => ({
  name,
  member,
  unset,
  good: [
    [`${least}`, least],
    [`${most}`, most],
  ],
  bad: [`${least - 1}`, `${most + 1}`, '1.5', '1e3', '0x10', 'x', ' 1', '1 ', '1_000', '-', '9'.repeat(16), 'NaN'],
});
const text = (name: string, member: keyof Settings, unset: unknown): Row => ({
  name,
  member,
  unset,
  good: [['some text', 'some text']],
  bad: [],
});
const list = (name: string, member: keyof Settings): Row => ({
  name,
  member,
  unset: [],
  good: [
    ['one', ['one']],
    [' one , two,,three ', ['one', 'two', 'three']],
  ],
  bad: [],
});

const NATS = { TIDINGS_NATS_URL: 'nats://nats.example' };
const nats = (name: string, member: keyof Settings, partner?: string): Row => ({
  ...text(name, member, undefined),
  beside: { ...NATS, ...(partner !== undefined && { [partner]: 'a partner' }) },
});

const YEAR = 366 * 86_400;
const ROWS: readonly Row[] = [
  text('HOST', 'host', '127.0.0.1'),
  whole('PORT', 'port', 8080, 0, 65_535),
  text('TIDINGS_ADMIN_HOST', 'adminHost', '127.0.0.1'),
  whole('TIDINGS_ADMIN_PORT', 'adminPort', 9090, 0, 65_535),
  { name: 'NODE_ENV', member: 'production', unset: false, good: [['test', false]], bad: [] },
  {
    name: 'LOG_LEVEL',
    member: 'logLevel',
    unset: 'info',
    good: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => [level, level] as const),
    bad: ['INFO', 'verbose', '30'],
  },
  {
    name: 'TIDINGS_AUDIT',
    member: 'audit',
    unset: 'all',
    good: ['all', 'control', 'off'].map((level) => [level, level] as const),
    bad: ['none', 'All', '1'],
  },
  {
    name: 'TIDINGS_TRACES',
    member: 'traces',
    unset: 'off',
    good: ['on', 'off'].map((value) => [value, value] as const),
    bad: ['true', 'On', '1'],
  },
  {
    name: 'TIDINGS_TRACES_RATIO',
    member: 'tracesRatio',
    unset: 0.01,
    good: [
      ['0', 0],
      ['1', 1],
      ['1.0', 1],
      ['0.05', 0.05],
      ['.5', 0.5],
    ],
    bad: ['-0', '1.1', '2', '0,5', '50%', '1e-3', '.', ' 1', '0x1', 'NaN', '0.1.1'],
  },
  {
    name: 'TIDINGS_NATS_URL',
    member: 'natsServers',
    unset: undefined,
    good: [
      ['nats://nats.example:4222', ['nats://nats.example:4222']],
      [' nats://a.example , tls://b.example:4223/,', ['nats://a.example', 'tls://b.example:4223']],
      ['nats://[::1]:4222', ['nats://[::1]:4222']],
    ],
    bad: [
      ',',
      'nats.example:4222',
      'nats.example',
      'http://nats.example',
      'ws://nats.example',
      'nats://',
      'nats://nats.example:port',
      'nats://nats.example/path',
      'nats://nats.example?x',
      'nats://nats.example#x',
      'nats://a.example,b.example',
      'nats://a.example nats://b.example',
    ],
  },
  nats('TIDINGS_NATS_USER', 'natsUser', 'TIDINGS_NATS_PASSWORD'),
  nats('TIDINGS_NATS_PASSWORD', 'natsPassword', 'TIDINGS_NATS_USER'),
  nats('TIDINGS_NATS_CREDS', 'natsCredsFile'),
  nats('TIDINGS_NATS_TLS_CA', 'natsTlsCaFile'),
  nats('TIDINGS_NATS_TLS_CERT', 'natsTlsCertFile', 'TIDINGS_NATS_TLS_KEY'),
  nats('TIDINGS_NATS_TLS_KEY', 'natsTlsKeyFile', 'TIDINGS_NATS_TLS_CERT'),
  {
    ...nats('TIDINGS_NATS_REPLICAS', 'natsReplicas'),
    good: [
      ['1', 1],
      ['3', 3],
      ['5', 5],
    ],
    bad: ['0', '2', '4', '7', '03', '3.0', ' 3', 'three', '-1'],
  },
  list('TIDINGS_JWT_SECRET', 'jwtSecrets'),
  text('TIDINGS_JWT_PUBLIC_KEY', 'jwtPublicKey', undefined),
  {
    name: 'TIDINGS_JWKS_URL',
    member: 'jwksUrl',
    unset: undefined,
    good: [
      ['https://login.example/keys', 'https://login.example/keys'],
      ['http://127.0.0.1:1/keys', 'http://127.0.0.1:1/keys'],
    ],
    bad: ['login.example', '/keys', 'file:///etc/passwd', 'javascript:1'],
  },
  text('TIDINGS_JWT_ISSUER', 'jwtIssuer', undefined),
  text('TIDINGS_JWT_AUDIENCE', 'jwtAudience', undefined),
  text('TIDINGS_ISSUERS_FILE', 'issuersFile', undefined),
  whole('TIDINGS_MAX_TOKEN_AGE', 'maxTokenAgeSec', 31 * 86_400, 60, YEAR),
  {
    name: 'TIDINGS_COOKIE_NAME',
    member: 'cookieName',
    unset: 'tidings',
    good: [
      ['__Host-mine', '__Host-mine'],
      ['a_b-1', 'a_b-1'],
    ],
    bad: ['a b', 'a=b', 'a;b', 'ä', 'a,b'],
  },
  {
    name: 'TIDINGS_ALLOWED_ORIGINS',
    member: 'allowedOrigins',
    unset: [],
    good: [
      ['https://app.example', ['https://app.example']],
      [' https://a.example:8443 , http://localhost:3000 ', ['https://a.example:8443', 'http://localhost:3000']],
      ['capacitor://localhost', ['capacitor://localhost']],
    ],
    bad: ['*', 'null', 'app.example', 'https://*.example', 'https://a.example/path', 'https://u@a.example', 'https://'],
  },
  list('TIDINGS_TRUSTED_PROXIES', 'trustedProxies'),
  text('TIDINGS_TOPICS_FILE', 'topicsFile', undefined),
  whole('TIDINGS_HISTORY_MAX_AGE', 'historyMaxAgeSec', 86_400, 1, YEAR),
  whole('TIDINGS_HISTORY_MAX_BYTES', 'historyMaxBytes', 268_435_456, 2_000_000, 2 ** 40),
  whole('TIDINGS_RING_MAX_BYTES', 'ringMaxBytes', 67_108_864, 1_000_000, 2 ** 40),
  whole('TIDINGS_LAG_MAX_BYTES', 'lagMaxBytes', 65_536, 4_096, 2 ** 30),
  whole('TIDINGS_LAG_MAX_AGE', 'lagMaxAgeSec', 60, 1, 3_600),
  whole('TIDINGS_JOURNAL_MAX_BYTES', 'journalMaxBytes', 0, 0, 2 ** 40),
  whole('TIDINGS_JOURNAL_MAX_AGE', 'journalMaxAgeSec', 86_400, 1, YEAR),
  whole('TIDINGS_MAX_CONNECTIONS_PER_TENANT', 'maxConnectionsPerTenant', 0, 0, 2 ** 31),
  whole('TIDINGS_RATE_PUBLISH', 'ratePublish', 0, 0, 1e9),
  whole('TIDINGS_RATE_PUBLISH_PER_TENANT', 'ratePublishPerTenant', 0, 0, 1e9),
  whole('TIDINGS_RATE_PUBLISH_PER_ADDRESS', 'ratePublishPerAddress', 0, 0, 1e9),
  whole('TIDINGS_RATE_PUBLISH_BYTES', 'ratePublishBytes', 0, 0, 2 ** 40),
  whole('TIDINGS_RATE_PUBLISH_BYTES_PER_TENANT', 'ratePublishBytesPerTenant', 0, 0, 2 ** 40),
  whole('TIDINGS_RATE_CONNECT', 'rateConnect', 0, 0, 1e9),
  whole('TIDINGS_RATE_CONNECT_PER_TENANT', 'rateConnectPerTenant', 0, 0, 1e9),
  whole('TIDINGS_RATE_CONNECT_PER_ADDRESS', 'rateConnectPerAddress', 0, 0, 1e9),
  whole('TIDINGS_RATE_AUTH_FAILURES', 'rateAuthFailures', 0, 0, 1e9),
  whole('TIDINGS_QUOTA_EVENTS', 'quotaEvents', 0, 0, 1e12),
  whole('TIDINGS_MAX_EVENT_BYTES', 'maxEventBytes', 262_144, 1, 1_000_000),
  whole('TIDINGS_MAX_BODY_BYTES', 'maxBodyBytes', 8_388_608, 1_024, 2 ** 30),
  whole('TIDINGS_HEARTBEAT_MS', 'heartbeatMs', 15_000, 5_000, 60_000),
  whole('TIDINGS_MAX_STREAM_AGE', 'maxStreamAgeSec', 0, 0, YEAR),
  whole('TIDINGS_DRAIN_MS', 'drainMs', 10_000, 0, 600_000),
];

describe('loadSettings', () => {
  it('every row here is a variable, and most variables are a row here', () => {
    const names = VARIABLES.map(({ name }) => name);
    expect(ROWS.filter(({ name }) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(ROWS)('section 9: $name has its default, unset or empty', ({ name, member, unset }) => {
    expect(loadSettings({})[member]).toEqual(unset);
    expect(loadSettings({ [name]: '' })[member]).toEqual(unset);
  });

  it.each(ROWS)('section 9: $name takes what is good', ({ name, member, good, beside }) => {
    for (const [value, expected] of good) expect(loadSettings({ ...beside, [name]: value })[member]).toEqual(expected);
  });

  it.each(ROWS.filter(({ bad }) => bad.length > 0))('section 9: $name refuses what is bad, in one line', (row) => {
    for (const value of row.bad) {
      const problems = problemsOf({ ...row.beside, [row.name]: value });
      expect(problems, value).toHaveLength(1);
      expect(problems[0]).toMatch(new RegExp(`^${row.name}: .+`));
    }
  });

  it('every variable has a meaning, and a default that is good itself', () => {
    for (const { meaning, fallback, schema } of VARIABLES) {
      expect(meaning).toMatch(/^.{10,}\.$/);
      if (fallback !== undefined) expect(schema.safeParse(fallback).success).toBe(true);
    }
  });

  it('section 9: the admin host is the host unless it is set', () => {
    expect(loadSettings({ HOST: '0.0.0.0' }).adminHost).toBe('0.0.0.0');
    expect(loadSettings({ HOST: '0.0.0.0', TIDINGS_ADMIN_HOST: '127.0.0.1' }).adminHost).toBe('127.0.0.1');
  });

  it('section 9: all faults are told at once, one line each', () => {
    const problems = problemsOf({
      PORT: 'x',
      LOG_LEVEL: 'loud',
      TIDINGS_HEARTBEAT_MS: '1',
      TIDINGS_TYPO: '1',
      TIDINGS_ANOTHER: '1',
      NODE_ENV: 'production',
    });
    expect(problems).toHaveLength(6);
    for (const name of [
      'PORT',
      'LOG_LEVEL',
      'TIDINGS_HEARTBEAT_MS',
      'TIDINGS_TYPO',
      'TIDINGS_ANOTHER',
      'TIDINGS_JWT',
    ]) {
      expect(problems.filter((line) => line.startsWith(name))).toHaveLength(1);
    }
    for (const line of problems) expect(line).not.toContain('\n');
  });

  it('section 9: an unknown TIDINGS_ name is a fault, even when it is empty, and other names are nobody’s business', () => {
    expect(problemsOf({ TIDINGS_JWT_SECRETS: 'x' })).toEqual(['TIDINGS_JWT_SECRETS: there is no such variable']);
    // What commands read is theirs.
    for (const { name } of COMMAND_LINE_VARIABLES) expect(problemsOf({ [name]: 'x' })).toEqual([]);
    expect(problemsOf({ TIDINGS_X: '' })).toHaveLength(1);
    expect(problemsOf({ PATH: '/bin', TIDINGSX: '1', tidings_x: '1', NATS_URL: 'x' })).toEqual([]);
  });

  it('section 9: the names that Kubernetes injects are ignored, also those of a service called tidings', () => {
    const of = (service: string): NodeJS.ProcessEnv => ({
      [`${service}_SERVICE_HOST`]: '10.0.0.1',
      [`${service}_SERVICE_PORT`]: '8080',
      [`${service}_SERVICE_PORT_HTTP`]: '8080',
      [`${service}_PORT`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP`]: 'tcp://10.0.0.1:8080',
      [`${service}_PORT_8080_TCP_PROTO`]: 'tcp',
      [`${service}_PORT_8080_TCP_PORT`]: '8080',
      [`${service}_PORT_8080_TCP_ADDR`]: '10.0.0.1',
    });
    expect(problemsOf(of('TIDINGS_EDGE'))).toEqual([]);
    expect(problemsOf(of('TIDINGS_MY_OWN_INGEST'))).toEqual([]);
    expect(problemsOf(of('TIDINGS'))).toEqual([]);
    expect(problemsOf({ TIDINGS_EDGE_HOST: 'x' })).toHaveLength(1);
    expect(problemsOf({ TIDINGS_EXPORT: 'x' })).toHaveLength(1);
  });

  it('section 9: TIDINGS_PORT as a person writes it is a fault, since it is PORT that counts', () => {
    expect(problemsOf({ TIDINGS_PORT: '8081' })).toHaveLength(1);
  });

  it('section 9: in production one of the keys is required', () => {
    const production = { NODE_ENV: 'production' };
    expect(problemsOf(production)).toHaveLength(1);
    expect(problemsOf({ ...production, TIDINGS_JWT_SECRET: '' })).toHaveLength(1);
    expect(problemsOf({ ...production, TIDINGS_JWT_SECRET: ' , ' })).toHaveLength(1);
    for (const key of [
      { TIDINGS_JWT_SECRET: SECRET },
      { TIDINGS_JWT_PUBLIC_KEY: '/etc/key.pem' },
      { TIDINGS_JWKS_URL: 'https://login.example/keys' },
      { TIDINGS_ISSUERS_FILE: '/etc/tidings/issuers.json' },
    ]) {
      expect(loadSettings({ ...production, ...key }).production).toBe(true);
    }
    // A slip here would silently mean development, with its made-up key.
    for (const slip of ['Production', 'prod']) expect(problemsOf({ NODE_ENV: slip })[0]).toMatch(/^NODE_ENV: /);
  });

  it('section 9: no fault ever quotes the value of a secret', () => {
    const env = {
      TIDINGS_JWT_SECRET: 'hunter2',
      TIDINGS_JWKS_URL: 'hunter2:password',
      TIDINGS_JWT_PUBLIC_KEY: '-----BEGIN hunter2',
      TIDINGS_PASSWORD: 'hunter2',
      PORT: 'hunter2',
      TIDINGS_NATS_PASSWORD: 'hunter2',
      TIDINGS_NATS_REPLICAS: 'hunter2',
    };
    try {
      loadSettings(env);
      expect.unreachable();
    } catch (error) {
      expect(`${(error as Error).message}${(error as ConfigurationError).problems.join()}`).not.toContain('hunter2');
    }
  });

  it.each([
    'nats://admin:hunter2@nats.example',
    'nats://admin@nats.example',
    'nats://a.example,tls://admin:hunter2@b.example:4222',
    'nats://admin:hun#ter2@nats.example',
    'nats://admin:hunter2,more@nats.example',
    'admin:hunter2@nats.example',
  ])('section 9: TIDINGS_NATS_URL takes no user, and says where user and password go: %s', (url) => {
    const problems = problemsOf({ TIDINGS_NATS_URL: url });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^TIDINGS_NATS_URL: .*TIDINGS_NATS_USER and TIDINGS_NATS_PASSWORD/);
    expect(problems[0]).not.toMatch(/admin|hun|ter2/);
  });

  it.each([
    [{ TIDINGS_NATS_USER: 'u' }, 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD'],
    [{ TIDINGS_NATS_PASSWORD: 'hunter2' }, 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD'],
    [{ TIDINGS_NATS_TLS_CERT: '/cert.pem' }, 'TIDINGS_NATS_TLS_CERT, TIDINGS_NATS_TLS_KEY'],
    [{ TIDINGS_NATS_TLS_KEY: '/key.pem' }, 'TIDINGS_NATS_TLS_CERT, TIDINGS_NATS_TLS_KEY'],
    [
      { TIDINGS_NATS_CREDS: '/a.creds', TIDINGS_NATS_USER: 'u', TIDINGS_NATS_PASSWORD: 'hunter2' },
      'TIDINGS_NATS_CREDS',
    ],
    [{ TIDINGS_HISTORY_MAX_AGE: '119' }, 'TIDINGS_HISTORY_MAX_AGE'],
  ])('section 9: at the NATS servers %j is one fault, of %s', (env, names) => {
    const problems = problemsOf({ ...NATS, ...env });
    expect(problems.map((line) => line.split(':')[0])).toEqual([names]);
    expect(problems[0]).not.toContain('hunter2');
  });

  it('section 9: a file of cells and the own one of them come together', () => {
    const both = { TIDINGS_CELLS_FILE: '/cells.json', TIDINGS_CELL: 'eu-1' };
    expect(loadSettings(both)).toMatchObject({ cellsFile: '/cells.json', cell: 'eu-1' });
    for (const name of ['TIDINGS_CELLS_FILE', 'TIDINGS_CELL']) {
      expect(problemsOf({ ...both, [name]: '' })).toEqual([
        'TIDINGS_CELLS_FILE, TIDINGS_CELL: both are needed, or none',
      ]);
    }
  });

  it('section 9: with NATS, history is kept at least for as long as an idempotency key is remembered', () => {
    expect(loadSettings({ ...NATS, TIDINGS_HISTORY_MAX_AGE: '120' }).historyMaxAgeSec).toBe(120);
    expect(loadSettings({ TIDINGS_HISTORY_MAX_AGE: '119' }).historyMaxAgeSec).toBe(119);
  });

  it('section 9: every other NATS variable means nothing without the URL, and says so', () => {
    const others = VARIABLES.map(({ name }) => name).filter((name) => /^TIDINGS_NATS_(?!URL$)/.test(name));
    expect(others).toHaveLength(7);
    for (const name of others) {
      expect(problemsOf({ [name]: '3' })).toEqual([`${name}: means nothing without TIDINGS_NATS_URL`]);
      expect(problemsOf({ [name]: '' })).toEqual([]);
    }
    // A URL that is wrong is one fault, not one of every other variable.
    expect(problemsOf({ TIDINGS_NATS_URL: 'x', TIDINGS_NATS_CREDS: '/a.creds' })).toHaveLength(1);
  });

  it('section 9: a process that shares its work needs NATS and a key, one line for each', () => {
    const shared = { shared: true };
    const [keys = '', url = '', ...rest] = problemsOf({}, shared);
    expect(rest).toEqual([]);
    expect(keys).toMatch(/^TIDINGS_JWT_SECRET \| .*only a hub makes one up$/);
    expect(url).toMatch(/^TIDINGS_NATS_URL: is required/);
    expect(problemsOf({ NODE_ENV: 'production' }, shared)).toHaveLength(2);
    expect(problemsOf({ ...NATS, TIDINGS_JWKS_URL: 'https://login.example/keys' }, shared)).toEqual([]);
    expect(problemsOf({ ...NATS, TIDINGS_JWT_SECRET: SECRET }, shared)).toEqual([]);
  });

  it('the message of the error holds every line, for whoever prints only that', () => {
    expect(new ConfigurationError(['A: one', 'B: two']).message).toBe(
      'The configuration has 2 fault(s):\n  A: one\n  B: two',
    );
  });
});
