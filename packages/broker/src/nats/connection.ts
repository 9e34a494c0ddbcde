import { readFileSync } from 'node:fs';
import { ConfigurationError } from '@tidings/runtime';
import { type ConnectionOptions, connect, credsAuthenticator, ErrorCode, type NatsConnection } from 'nats';
import type { NatsAccess } from './options.ts';

// Message TTL and batches of direct reads need 2.11; below 2.12 nothing was tried.
const OLDEST_SERVER = [2, 12] as const;
const DIAL_TIMEOUT_MS = 2_000;

/**
 * Connects to one server, once: the connection ends with its socket, and is never dialled again by the client. The client
 * may come to hold two sockets when it dials by itself: a dial to a server that is frozen times out, and when that server
 * goes on, the end of the old socket is taken for that of the new one.
 * @throws ConfigurationError for a server that is too old; whatever the client throws.
 */
export async function connectOnce(name: string, server: string, access: NatsAccess): Promise<NatsConnection> {
  const client = await connect(toOptions(name, server, access));
  const fault = faultOf(client.info?.version ?? '0');
  if (fault === undefined) return client;
  await client.close();
  throw fault;
}

/** Whether a server refused the credentials. */
export const isRefusal = (error: unknown): boolean =>
  (error as { code?: string }).code === ErrorCode.AuthorizationViolation;

function toOptions(name: string, server: string, access: NatsAccess): ConnectionOptions {
  const { role, user, password, credsFile, tlsCaFile, tlsCertFile, tlsKeyFile } = access;
  const wantsTls = server.startsWith('tls:') || tlsCaFile || tlsCertFile;
  return {
    servers: [server],
    name: `tidings ${role} ${name}`,
    inboxPrefix: `_INBOX_${role}`,
    timeout: DIAL_TIMEOUT_MS,
    reconnect: false,
    ignoreClusterUpdates: true,
    // A server that is frozen keeps its sockets open: only silence shows it.
    pingInterval: 3_000,
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

function faultOf(version: string): ConfigurationError | undefined {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return new ConfigurationError([
    `TIDINGS_NATS_URL: the server is NATS ${version}; ${OLDEST_SERVER.join('.')} or later is needed`,
  ]);
}
