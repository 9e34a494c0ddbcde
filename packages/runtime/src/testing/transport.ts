import { connect, type Socket, type SocketConstructorOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Certificate } from '../server/certificate.ts';
import { TEST_CERTIFICATE } from './test-certificate.ts';

/**
 * What the clients of a test run speak to the public ports: HTTP/1.1; HTTP/2 with prior knowledge on the same port; TLS,
 * where ALPN chooses HTTP/2, and HTTP/1.1 for what a test sends as raw bytes.
 */
export type Transport = 'h1' | 'h2c' | 'tls';

const TRANSPORTS: readonly string[] = ['h1', 'h2c', 'tls'] satisfies Transport[];

// No name of the service's own: those that it does not know end it.
const named = process.env.TEST_TRANSPORT ?? 'h1';
if (!TRANSPORTS.includes(named))
  throw new TypeError(`TEST_TRANSPORT is one of ${TRANSPORTS.join(', ')}, not ${named}.`);

/** The transport of this run, by `TEST_TRANSPORT`; each project of `vitest.config.ts` sets its own. */
export const TRANSPORT: Transport = named as Transport;

/** As the metrics name it. */
export const PROTOCOL: 'h1' | 'h2' = TRANSPORT === 'h1' ? 'h1' : 'h2';

/** What a public server of this run is given: a certificate where it shall speak TLS. */
export const CERTIFICATE: Certificate | undefined = TRANSPORT === 'tls' ? TEST_CERTIFICATE : undefined;

/** The URL of a public port of this run. */
export const toOrigin = (port: number): string => `${TRANSPORT === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}`;

/**
 * Whether a test is for this run, as `it.runIf` wants it.
 * @param why what it tests is not to be found elsewhere; in one line.
 */
export function onlyOver(transports: readonly Transport[], why: string): boolean {
  if (why === '') throw new TypeError("A test is left out for a reason: onlyOver(['h1'], 'chunks are HTTP/1').");
  return transports.includes(TRANSPORT);
}

const raw = new WeakMap<Socket, Socket>();

/** A connection for bytes of HTTP/1.1, within TLS where the run speaks that. */
export function connectSocket(port: number, options: SocketConstructorOpts = {}): Socket {
  const socket = connect({ port, host: '127.0.0.1', ...options });
  if (TRANSPORT !== 'tls') return socket;
  const secured = connectTls({ socket, host: '127.0.0.1', ca: TEST_CERTIFICATE.cert, ALPNProtocols: ['http/1.1'] });
  raw.set(secured, socket);
  return secured;
}

/** Cuts a connection with a reset, as a client that crashes does. */
export function resetSocket(socket: Socket): void {
  (raw.get(socket) ?? socket).resetAndDestroy();
  socket.destroy();
}
