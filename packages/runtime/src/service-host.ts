import type { IncomingMessage } from 'node:http';
import { createAdminServer, type HealthCheck } from './admin-server.ts';
import { createClientAddress } from './client-address.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Running } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { type Certificate, type CertificateFiles, readCertificate, watchCertificate } from './server/certificate.ts';
import { closeServer, listen } from './server/listening.ts';
import { createPublicServer } from './server/public-server.ts';
import type { Fetch } from './server/request-listener.ts';
import { mostSockets } from './server/socket-limit.ts';
import { createServiceApp, type OnProblem, type ServiceApp } from './service-app.ts';
import { ConfigurationError, type Settings } from './settings.ts';

/** A service, as its host sees it. */
export interface Service {
  /** Asked by the probes from the first moment on, also while `open` is under way. */
  readonly health: HealthCheck;
  /** How long requests under way may take to finish once the service is asked to end. */
  readonly closeGraceMs: number;
  /** Its id among the processes of a deployment. */
  readonly node?: string;
  /** Opens what it stands on, however long that takes; resolves with what answers the public port. */
  open(): Promise<Fetch>;
  /** It is to end: it refuses what is new, and sends away what would stay open; resolves when that is done. */
  drain(): Promise<void>;
  /** No request is under way any more: it closes what `open` opened, also where that failed half-way. */
  close(): Promise<void>;
}

/** A service that accepts connections. */
export interface HostedService extends Running {
  readonly url: string;
  readonly adminUrl: string;
  /** How others call this process, in `$hub.metrics`, in the audit and in the ids of sessions. */
  readonly node?: string;
}

/**
 * Puts a service on its two ports. The admin port comes first and goes last, so that the probes are answered while the
 * service waits for what it needs, and while it ends; `/readyz` says 503 both times.
 * @throws ConfigurationError for an address that can't be bound; whatever `open` throws. Nothing stays open then.
 */
export async function hostService(
  service: Service,
  settings: Settings,
  metrics: Metrics,
  log: Logger,
  clock: Clock = systemClock,
): Promise<HostedService> {
  const { host, adminHost } = settings;
  const files = certificateFilesOf(settings);
  const certificate = files && (await readPair(files));
  // Before anything is connected: the system is asked about every open socket too.
  const maxSockets = mostSockets();
  let accepting = false;
  const admin = createAdminServer(metrics, {
    live: () => service.health.live(),
    ready: () => accepting && service.health.ready(),
    detail: () => service.health.detail(),
  });
  const bindAdmin = (): Promise<number> => listen(admin, adminHost, settings.adminPort);
  const adminPort = await bind(bindAdmin, adminHost, settings.adminPort, 'TIDINGS_ADMIN_HOST, TIDINGS_ADMIN_PORT');
  admin.on('error', (error) => log.error({ err: error }, 'a connection to the admin port can not be accepted'));
  try {
    const fetch = await service.open();
    const server = createPublicServer({ fetch, log, certificate, maxSockets, clock });
    const port = await bind(() => server.listen(host, settings.port), host, settings.port, 'HOST, PORT');
    const stopWatching =
      files && certificate && watchCertificate(files, certificate, server.setCertificate, clock, log);
    accepting = true;
    metrics.drainSpread.set(settings.drainMs / 1000);
    if (service.node !== undefined) metrics.nodeInfo.set({ node: service.node }, 1);
    return {
      url: toUrl(host, port, certificate === undefined ? 'http' : 'https'),
      adminUrl: toUrl(adminHost, adminPort, 'http'),
      ...(service.node !== undefined && { node: service.node }),
      async stop() {
        accepting = false;
        metrics.drainStarted.set(clock.now() / 1000);
        stopWatching?.();
        server.drain();
        await service.drain();
        await server.close(service.closeGraceMs);
        await service.close();
        await closeServer(admin, 0);
      },
    };
  } catch (error) {
    // Whatever else goes wrong now, the first fault is the one to tell.
    await service.close().catch((fault: unknown) => log.error({ err: fault }, 'closing failed after a failed start'));
    await closeServer(admin, 0);
    throw error;
  }
}

function certificateFilesOf({ tlsCertFile, tlsKeyFile }: Settings): CertificateFiles | undefined {
  if (tlsCertFile === undefined || tlsKeyFile === undefined) return undefined;
  return { certFile: tlsCertFile, keyFile: tlsKeyFile };
}

async function readPair(files: CertificateFiles): Promise<Certificate> {
  try {
    return await readCertificate(files);
  } catch (error) {
    throw new ConfigurationError([`TIDINGS_TLS_CERT, TIDINGS_TLS_KEY: ${(error as Error).message}`]);
  }
}

/**
 * The application that a service adds its routes to, as the settings want it.
 * @param onProblem told of every problem, beside the metrics.
 * @throws ConfigurationError for proxies that are no addresses.
 */
export function createHostedApp(
  settings: Settings,
  metrics: Metrics,
  log: Logger,
  corsOrigin: (incoming: IncomingMessage) => string | undefined,
  onProblem?: OnProblem,
): ServiceApp {
  try {
    const clientAddress = createClientAddress(settings.trustedProxies);
    return createServiceApp({
      log,
      clientAddress,
      corsOrigin,
      onProblem(reason, context) {
        metrics.rejected.inc({ reason });
        onProblem?.(reason, context);
      },
    });
  } catch (error) {
    throw new ConfigurationError([`TIDINGS_TRUSTED_PROXIES: ${(error as Error).message}`]);
  }
}

async function bind(run: () => Promise<number>, host: string, port: number, variables: string): Promise<number> {
  try {
    return await run();
  } catch (error) {
    throw new ConfigurationError([`${variables}: can't listen on ${host}:${port}, ${(error as Error).message}`]);
  }
}

// An address of all interfaces is none that a client could use.
function toUrl(host: string, port: number, scheme: 'http' | 'https'): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}
