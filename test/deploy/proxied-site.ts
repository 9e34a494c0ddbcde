import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { buildWorkspace, findFreePort, type ServiceProcess, startServiceProcess } from '@tidings/runtime/testing';
import { expect } from 'vitest';

const SECRET = 'a secret of this test that is 32 bytes or longer';

/** Each on a loopback address of its own, as on hosts of their own, and all on the same two ports. */
export const ADDRESSES = { 'edge-1': '127.0.0.11', 'edge-2': '127.0.0.12', ingest: '127.0.0.13' } as const;
/** One of the services behind a proxy. */
export type ServiceName = keyof typeof ADDRESSES;
export type EdgeName = Exclude<ServiceName, 'ingest'>;
export const EDGES = ['edge-1', 'edge-2'] as const satisfies readonly EdgeName[];

/** Two edges and an ingest as processes, on a nats-server. */
export interface ProxiedSite {
  readonly port: number;
  readonly adminPort: number;
  readonly nats: NatsServer;
  /** Of user `alice` unless another is given; for every topic. */
  token(user?: string, admin?: boolean): Promise<string>;
  /** URL of a service itself, past any proxy. */
  urlOf(name: ServiceName): string;
  /** The edge that has a session. */
  edgeOf(session: string): EdgeName;
  /** Lines that a service wrote for requests, since it was started. */
  requests(name: ServiceName): Record<string, unknown>[];
  /** Streams that an edge has open, by its metrics. */
  streamsOf(name: EdgeName): Promise<number>;
  /** Resolves with the status of `/readyz`; 0 when nobody answers. */
  readiness(name: ServiceName): Promise<number>;
  /** SIGKILL, and gone. */
  kill(name: ServiceName): Promise<void>;
  /** SIGTERM; resolves at once. */
  drain(name: ServiceName): void;
  /** Waits until it is gone where it was told to go, and starts it on its ports again. */
  restart(name: ServiceName): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts one; whoever starts it stops it.
 * @param env for all services.
 */
export async function startProxiedSite(env: NodeJS.ProcessEnv = {}): Promise<ProxiedSite> {
  for (const workspace of ['services/edge', 'services/ingest']) buildWorkspace(workspace);
  const [nats, port, adminPort] = await Promise.all([startNatsServer(), findFreePort(), findFreePort()]);
  const services = new Map<ServiceName, ServiceProcess>();
  const nodes = new Map<string, EdgeName>();

  async function start(name: ServiceName): Promise<void> {
    const service = startServiceProcess(name === 'ingest' ? 'services/ingest' : 'services/edge', {
      HOST: ADDRESSES[name],
      PORT: `${port}`,
      TIDINGS_ADMIN_HOST: ADDRESSES[name],
      TIDINGS_ADMIN_PORT: `${adminPort}`,
      TIDINGS_NATS_URL: nats.url,
      TIDINGS_JWT_SECRET: SECRET,
      TIDINGS_TRUSTED_PROXIES: '127.0.0.1',
      TIDINGS_DRAIN_MS: '4000',
      ...env,
    });
    services.set(name, service);
    await service.listening();
    const { node } = service.lines().find(({ admin }) => admin !== undefined) ?? {};
    if (name !== 'ingest') nodes.set(`${node}`, name);
  }
  const serviceOf = (name: ServiceName): ServiceProcess => services.get(name) as ServiceProcess;
  const adminUrlOf = (name: ServiceName): string => `http://${ADDRESSES[name]}:${adminPort}`;

  await Promise.all((Object.keys(ADDRESSES) as ServiceName[]).map(start));
  return {
    port,
    adminPort,
    nats,
    token: (user = 'alice', admin = false) =>
      mintToken(SECRET, { sub: user, tidings: { subscribe: ['>'], publish: ['>'], admin } }, 3_600, systemClock),
    urlOf: (name) => `http://${ADDRESSES[name]}:${port}`,
    edgeOf: (session) => nodes.get(session.slice(0, session.indexOf('-'))) as EdgeName,
    requests: (name) =>
      serviceOf(name)
        .lines()
        .filter(({ msg }) => msg === 'request'),
    async streamsOf(name) {
      const metrics = await (await fetch(`${adminUrlOf(name)}/metrics`)).text();
      const counts = [...metrics.matchAll(/^tidings_connections_open\{[^}]*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    },
    readiness: (name) =>
      fetch(`${adminUrlOf(name)}/readyz`).then(
        ({ status }) => status,
        () => 0,
      ),
    async kill(name) {
      serviceOf(name).signal('SIGKILL');
      await serviceOf(name).exited;
    },
    drain: (name) => serviceOf(name).signal('SIGTERM'),
    async restart(name) {
      await serviceOf(name).exited;
      await start(name);
    },
    async stop() {
      for (const service of services.values()) service.signal('SIGKILL');
      await Promise.all([...services.values()].map(({ exited }) => exited));
      await nats.remove();
      const said = [...services.values()].map((service) => service.stderr()).join('');
      expect(said, 'what the services wrote to standard error').toBe('');
    },
  };
}
