import type { IncomingMessage, Server } from 'node:http';
import { createAdminServer, type HealthCheck } from './admin-server.ts';
import { createClientAddress } from './client-address.ts';
import { closeServer, createHttpServer, type Fetch, listen } from './http-server.ts';
import type { Running } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { createServiceApp, type ServiceApp } from './service-app.ts';
import { ConfigurationError, type Settings } from './settings.ts';

/** A service, as its host sees it. */
export interface Service {
  /** Asked by the probes from the first moment on, also while `open` is under way. */
  readonly health: HealthCheck;
  /** How long requests under way may take to finish once the service is asked to end. */
  readonly closeGraceMs: number;
  /** Opens what it stands on, however long that takes; resolves with what answers the public port. */
  open(): Promise<Fetch>;
  /** It is to end: it refuses what is new, and sends away what would stay open. */
  drain(): void;
  /** No request is under way any more: it closes what `open` opened, also where that failed half-way. */
  close(): Promise<void>;
}

/** A service that accepts connections. */
export interface HostedService extends Running {
  readonly url: string;
  readonly adminUrl: string;
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
): Promise<HostedService> {
  const { host, adminHost } = settings;
  let accepting = false;
  const admin = createAdminServer(metrics, {
    live: () => service.health.live(),
    ready: () => accepting && service.health.ready(),
    detail: () => service.health.detail(),
  });
  const adminPort = await bind(admin, adminHost, settings.adminPort, 'TIDINGS_ADMIN_HOST, TIDINGS_ADMIN_PORT');
  try {
    const fetch = await service.open();
    const server = createHttpServer(fetch, log);
    const port = await bind(server, host, settings.port, 'HOST, PORT');
    accepting = true;
    return {
      url: toUrl(host, port),
      adminUrl: toUrl(adminHost, adminPort),
      async stop() {
        accepting = false;
        service.drain();
        await closeServer(server, service.closeGraceMs);
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

/**
 * The application that a service adds its routes to, as the settings want it.
 * @throws ConfigurationError for proxies that are no addresses.
 */
export function createHostedApp(
  settings: Settings,
  metrics: Metrics,
  log: Logger,
  corsOrigin: (incoming: IncomingMessage) => string | undefined,
): ServiceApp {
  try {
    const clientAddress = createClientAddress(settings.trustedProxies);
    return createServiceApp({
      log,
      clientAddress,
      corsOrigin,
      onProblem: (reason) => metrics.rejected.inc({ reason }),
    });
  } catch (error) {
    throw new ConfigurationError([`TIDINGS_TRUSTED_PROXIES: ${(error as Error).message}`]);
  }
}

async function bind(server: Server, host: string, port: number, variables: string): Promise<number> {
  try {
    return await listen(server, host, port);
  } catch (error) {
    throw new ConfigurationError([`${variables}: can't listen on ${host}:${port}, ${(error as Error).message}`]);
  }
}

// An address of all interfaces is none that a client could use.
function toUrl(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
