/** What a service needs that not every other does. */
export interface Needs {
  /**
   * It is one of several processes that work together, edge or ingest: it needs a broker and keys that all of them
   * share, so neither may be made up.
   */
  readonly shared?: boolean;
}

/** The values that were read, and whether a variable was set at all, be it well or badly. */
export interface Reading {
  readonly values: ReadonlyMap<string, unknown>;
  isSet(name: string): boolean;
}

const KEYS = ['TIDINGS_JWT_SECRET', 'TIDINGS_JWT_PUBLIC_KEY', 'TIDINGS_JWKS_URL'];
const NATS_ACCESS = [
  'TIDINGS_NATS_USER',
  'TIDINGS_NATS_PASSWORD',
  'TIDINGS_NATS_CREDS',
  'TIDINGS_NATS_TLS_CA',
  'TIDINGS_NATS_TLS_CERT',
  'TIDINGS_NATS_TLS_KEY',
  'TIDINGS_NATS_REPLICAS',
];
const PAIRS = [
  ['TIDINGS_TLS_CERT', 'TIDINGS_TLS_KEY'],
  ['TIDINGS_CELLS_FILE', 'TIDINGS_CELL'],
] as const;
// A key is remembered for two minutes (contract section 5), and no longer than the events themselves.
const LEAST_HISTORY_SEC = 120;

/** What variables demand of each other: one clear line for each fault. */
export function faultsBetween(reading: Reading, needs: Needs): string[] {
  return [...keyFaults(reading, needs), ...pairFaults(reading), ...natsFaults(reading, needs)];
}

function keyFaults({ values }: Reading, { shared = false }: Needs): string[] {
  // A list of nothing but commas is no key.
  const isGiven = (name: string): boolean => ((values.get(name) as string | string[] | undefined)?.length ?? 0) > 0;
  if ([...KEYS, 'TIDINGS_ISSUERS_FILE'].some(isGiven)) return [];
  const keys = KEYS.join(' | ');
  const fault = `${keys}: one of them, or TIDINGS_ISSUERS_FILE, is required`;
  if (shared) return [`${fault}, the same for every edge and ingest; only a hub makes one up`];
  return values.get('NODE_ENV') === 'production' ? [`${fault} in production`] : [];
}

function pairFaults({ isSet }: Reading): string[] {
  return PAIRS.filter(([one, other]) => isSet(one) !== isSet(other)).map(
    ([one, other]) => `${one}, ${other}: both are needed, or none`,
  );
}

function natsFaults({ values, isSet }: Reading, { shared = false }: Needs): string[] {
  const faults: string[] = [];
  if (!isSet('TIDINGS_NATS_URL')) {
    if (shared) faults.push('TIDINGS_NATS_URL: is required; one process without a NATS server is the hub, npm start');
    const idle = NATS_ACCESS.filter(isSet);
    return faults.concat(idle.map((name) => `${name}: means nothing without TIDINGS_NATS_URL`));
  }
  for (const [one, other] of [
    ['TIDINGS_NATS_USER', 'TIDINGS_NATS_PASSWORD'],
    ['TIDINGS_NATS_TLS_CERT', 'TIDINGS_NATS_TLS_KEY'],
  ] as const) {
    if (isSet(one) !== isSet(other)) faults.push(`${one}, ${other}: both are needed, or none`);
  }
  if (isSet('TIDINGS_NATS_CREDS') && (isSet('TIDINGS_NATS_USER') || isSet('TIDINGS_NATS_PASSWORD'))) {
    faults.push('TIDINGS_NATS_CREDS: stands in place of TIDINGS_NATS_USER and TIDINGS_NATS_PASSWORD, not beside them');
  }
  const historySec = values.get('TIDINGS_HISTORY_MAX_AGE') as number | undefined;
  if (historySec !== undefined && historySec < LEAST_HISTORY_SEC) {
    faults.push(
      `TIDINGS_HISTORY_MAX_AGE: must be ${LEAST_HISTORY_SEC} or more with TIDINGS_NATS_URL, for as long as an idempotency key is remembered`,
    );
  }
  return faults;
}
