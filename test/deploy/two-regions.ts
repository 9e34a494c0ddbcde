import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MintClaims, mintToken } from '@tidings/auth';
import { STATE_PLAN, setUpStream } from '@tidings/broker/nats';
import { type NatsCluster, type NatsServer, startNatsCluster, startNatsServer } from '@tidings/broker/testing';
import { createLogger, createMetrics, systemClock } from '@tidings/runtime';
import { type Service, startService } from '../../loadtest/src/chaos/service.ts';
import { ROOT } from '../hub-process.ts';
import { createWanLink, type WanLink } from './wan-link.ts';

/** Region A has the stream, on servers with the rights of deploy/nats; region B a leaf server of deploy/nats/leaf.conf. */
export interface TwoRegions {
  readonly cluster: NatsCluster;
  readonly leaf: NatsServer;
  /** From the leaf server to each of the others. */
  readonly wan: readonly WanLink[];
  readonly ingest: Service;
  readonly near: Service;
  readonly far: Service;
  /** Another edge in region B. */
  startFar(): Promise<Service>;
  mint(claims: MintClaims): Promise<string>;
  readonly accidents: readonly string[];
  remove(): Promise<void>;
}

const SECRET = 'a secret of two regions that is 32 bytes or more';
const ROLES = ['ingest', 'edge', 'hub', 'operator'] as const;
const passwordOf = (role: string): string => `p${role}1`;
const PASSWORDS = Object.fromEntries(ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, passwordOf(role)]));
/** As server.conf has it in a comment, but for the port, which no two of one machine share, and TLS. */
const LEAFNODES = '\nleafnodes {\n listen: "127.0.0.1:-1"\n no_advertise: true\n}\n';

const configOf = (file: string): string => readFileSync(join(ROOT, 'deploy/nats', file), 'utf8');

/** Starts both. @param delayMs what each direction takes between them. Whoever starts them removes them. */
export async function startTwoRegions(delayMs = 0): Promise<TwoRegions> {
  const ends: (() => unknown)[] = [];
  const remove = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  const services: Service[] = [];
  async function start(kind: 'edge' | 'ingest', servers: readonly string[]): Promise<Service> {
    const env = {
      TIDINGS_JWT_SECRET: SECRET,
      TIDINGS_NATS_URL: servers.join(','),
      TIDINGS_NATS_USER: kind,
      TIDINGS_NATS_PASSWORD: passwordOf(kind),
      TIDINGS_MAX_CONNECTIONS_PER_USER: '0',
      TIDINGS_DRAIN_MS: '1000',
    };
    const name = `${kind}-${services.length + 1}`;
    const service = await startService({ name, script: `services/${kind}/dist/main.js`, env });
    services.push(service);
    ends.push(() => service.kill());
    return service;
  }
  try {
    const cluster = await startNatsCluster({ config: configOf('roles.conf') + LEAFNODES, env: PASSWORDS });
    ends.push(() => cluster.remove());
    const operator = {
      servers: cluster.urls,
      role: 'operator' as const,
      user: 'operator',
      password: passwordOf('operator'),
      log: createLogger('test', 'error', { write() {} }),
      metrics: createMetrics(),
      maxBytes: 1_000_000_000,
      maxAgeMs: 3_600_000,
    };
    await setUpStream(operator);
    await setUpStream(operator, STATE_PLAN);

    const wan = await Promise.all(
      cluster.servers.map(async ({ monitorUrl }) => {
        const { leaf } = (await (await fetch(`${monitorUrl}/varz`)).json()) as { leaf: { port: number } };
        return createWanLink(leaf.port, delayMs);
      }),
    );
    ends.push(() => {
      for (const link of wan) link.close();
    });
    const hubs = wan.map(({ port }, at) => [
      `NATS_HUB_${at + 1}`,
      `nats://edge:${passwordOf('edge')}@127.0.0.1:${port}`,
    ]);
    const env = { ...PASSWORDS, ...Object.fromEntries(hubs), NATS_SERVER_NAME: 'leaf-1' };
    const leaf = await startNatsServer({ config: configOf('leaf.conf'), env, name: 'leaf-1', jetStream: false });
    ends.push(() => leaf.remove());

    const startFar = (): Promise<Service> => start('edge', [leaf.url]);
    const [ingest, near, far] = await Promise.all([
      start('ingest', cluster.urls),
      start('edge', cluster.urls),
      startFar(),
    ]);
    return {
      cluster,
      leaf,
      wan,
      ingest,
      near,
      far,
      startFar,
      mint: (claims) => mintToken(SECRET, claims, 3_600, systemClock),
      get accidents() {
        return services.flatMap(({ accident }) => accident ?? []);
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
