import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { ConfigurationError, type Logger, type Metrics } from '@tidings/runtime';
import { type ConnectionOptions, connect, credsAuthenticator, ErrorCode, Events, type NatsConnection } from 'nats';
import type { NatsAccess } from './options.ts';

/** One connection to the cluster, for one purpose: a burst of history must not hold up what is live. */
export interface Link {
  readonly name: LinkName;
  readonly client: NatsConnection;
  /** Nothing may be published while it is not: the client would keep it and send it after its publisher was refused. */
  readonly connected: boolean;
  /** It ended though nobody asked it to, and will not come back. */
  readonly lost: boolean;
  /** It was ended: nothing will be answered any more. */
  readonly closed: boolean;
  /** Runs after each reconnect, when every subscription stands again. */
  onReconnect(run: () => void): void;
  close(): Promise<void>;
}

export type LinkName = 'live' | 'replay' | 'publish';

export interface LinkParts {
  readonly access: NatsAccess;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** It was connected, or lost its connection. */
  onChange(): void;
}

// Message TTL and batches of direct reads need 2.11; below 2.12 nothing was tried.
const OLDEST_SERVER = [2, 12];
const LINK_ORDER: readonly LinkName[] = ['live', 'replay', 'publish'];
const DIAL_TIMEOUT_MS = 3_000;
const FLUSH_MS = 1_000;
const REDIAL_MS = 250;
const REPORT_EVERY_MS = 5_000;
// Spreads the first servers of many processes; the links of one process still begin at different ones.
const OFFSET = Math.floor(Math.random() * 1_000);

/**
 * Dials until it is connected, and stays connected from then on.
 * @throws ConfigurationError for what waiting can't mend: credentials that are refused, a server that is too old.
 * @throws the signal's reason when it is aborted first.
 */
export async function dial(name: LinkName, parts: LinkParts, signal: AbortSignal): Promise<Link> {
  const { access, log, metrics, onChange } = parts;
  const client = await dialFirst(name, access, log, signal);
  let connected = true;
  let closing = false;
  let lost = false;
  const afterwards: (() => void)[] = [];

  void (async () => {
    for await (const { type, data } of client.status()) {
      if (type === Events.Disconnect) {
        connected = false;
        onChange();
        log.warn({ link: name, server: `${data}` }, 'broker connection lost');
      } else if (type === Events.Reconnect) {
        connected = true;
        metrics.brokerReconnects.inc({ link: name });
        log.info({ link: name, server: `${data}` }, 'broker connection is back');
        onChange();
        for (const run of afterwards) run();
      } else if (type === Events.Error) {
        log.error({ link: name, code: `${data}` }, 'broker reports an error');
      }
    }
  })();
  void client.closed().then((error) => {
    connected = false;
    if (closing) return;
    lost = true;
    onChange();
    log.fatal({ link: name, err: error }, 'broker connection ended for good');
  });

  return {
    name,
    client,
    get connected() {
      return connected;
    },
    get lost() {
      return lost;
    },
    get closed() {
      return closing || lost;
    },
    onReconnect: (run) => void afterwards.push(run),
    async close() {
      closing = true;
      // What was published last must go out; a server that does not answer is not waited for.
      if (connected) await within(FLUSH_MS, client.flush());
      connected = false;
      // A write that fails in this turn is still the client's to handle: once closed, it has nobody who listens.
      await nextTurn();
      await client.close();
    },
  };
}

/** Waits for something that need not come: whatever becomes of it, nobody is told. */
export async function within(timeoutMs: number, coming: Promise<unknown>): Promise<void> {
  const aborter = new AbortController();
  const late = pause(timeoutMs, undefined, { signal: aborter.signal }).catch(() => {});
  await Promise.race([coming.catch(() => {}), late]);
  aborter.abort();
}

async function dialFirst(
  name: LinkName,
  access: NatsAccess,
  log: Logger,
  signal: AbortSignal,
): Promise<NatsConnection> {
  let reportedMs = Number.NEGATIVE_INFINITY;
  while (true) {
    signal.throwIfAborted();
    try {
      const client = await connect(toOptions(name, access));
      const fault = signal.aborted ? undefined : faultOf(client.info?.version ?? '0');
      if (!signal.aborted && fault === undefined) return client;
      await client.close();
      if (fault !== undefined) throw fault;
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      const code = (error as { code?: string }).code;
      if (code === ErrorCode.AuthorizationViolation) {
        const names =
          access.credsFile === undefined ? 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD' : 'TIDINGS_NATS_CREDS';
        throw new ConfigurationError([`${names}: the NATS server refuses these credentials`]);
      }
      if (performance.now() - reportedMs > REPORT_EVERY_MS) {
        reportedMs = performance.now();
        log.warn({ link: name, servers: access.servers, code: code ?? `${error}` }, 'waiting for the broker');
      }
    }
    await pause(REDIAL_MS, undefined, { signal }).catch(() => {});
  }
}

function toOptions(name: LinkName, access: NatsAccess): ConnectionOptions {
  const { role, user, password, credsFile, tlsCaFile, tlsCertFile, tlsKeyFile } = access;
  const wantsTls = access.servers.some((server) => server.startsWith('tls:')) || tlsCaFile || tlsCertFile;
  return {
    servers: rotate(access.servers, OFFSET + LINK_ORDER.indexOf(name)),
    noRandomize: true,
    name: `tidings ${role} ${name}`,
    inboxPrefix: `_INBOX_${role}`,
    timeout: DIAL_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: REDIAL_MS,
    reconnectJitter: REDIAL_MS,
    // A password that is being changed refuses for a while: it must not end a process that serves streams.
    ignoreAuthErrorAbort: true,
    pingInterval: 5_000,
    maxPingOut: 2,
    ...(user !== undefined && password !== undefined && { user, pass: password }),
    // Read anew at each dial, so that a rotated file counts.
    ...(credsFile !== undefined && {
      authenticator: (nonce?: string) => credsAuthenticator(readFileSync(credsFile))(nonce),
    }),
    ...(wantsTls && {
      tls: {
        ...(tlsCaFile !== undefined && { caFile: tlsCaFile }),
        ...(tlsCertFile !== undefined && { certFile: tlsCertFile }),
        ...(tlsKeyFile !== undefined && { keyFile: tlsKeyFile }),
      },
    }),
  };
}

function rotate(servers: readonly string[], by: number): string[] {
  const start = by % servers.length;
  return [...servers.slice(start), ...servers.slice(0, start)];
}

function faultOf(version: string): ConfigurationError | undefined {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SERVER;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return new ConfigurationError([
    `TIDINGS_NATS_URL: the server is NATS ${version}; ${OLDEST_SERVER.join('.')} or later is needed`,
  ]);
}
