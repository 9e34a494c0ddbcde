import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MintClaims, mintToken } from '@tidings/auth';
import { RECORD_PLAN, SCHEDULES_PLAN, STATE_PLAN, setUpStream, WORK_PLANS } from '@tidings/broker/nats';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { createLogger, createMetrics, systemClock } from '@tidings/runtime';
import { type Service, startService } from '../../loadtest/src/chaos/service.ts';
import { ROOT } from '../hub-process.ts';

/** Three nats-servers with the rights of deploy/nats/roles.conf and all streams; services are started as they are wanted. */
export interface GuardedSite {
  readonly cluster: NatsCluster;
  /**
   * @param servers those that it is told of; all of the cluster when left out.
   * @param more of its environment.
   */
  start(kind: 'edge' | 'ingest' | 'webhooks', servers?: readonly string[], more?: NodeJS.ProcessEnv): Promise<Service>;
  mint(claims: MintClaims): Promise<string>;
  /** Services that ended by themselves, with their logs. */
  readonly accidents: readonly string[];
  /** Ends the services, then what was given to `onRemove` in turn, the last first, then the cluster. */
  remove(): Promise<void>;
  onRemove(end: () => unknown): void;
}

const SECRET = 'a secret of a guarded site that is 32 bytes or more';
const ROLES = ['ingest', 'edge', 'hub', 'webhooks', 'operator'] as const;

export const passwordOf = (role: (typeof ROLES)[number]): string => `p${role}1`;

/** What the servers' files ask of the environment. */
export const PASSWORDS: Readonly<Record<string, string>> = Object.fromEntries(
  ROLES.map((role) => [`NATS_${role.toUpperCase()}_PASSWORD`, passwordOf(role)]),
);

/** A file of deploy/nats. */
export const configOf = (file: string): string => readFileSync(join(ROOT, 'deploy/nats', file), 'utf8');

/** Starts it. @param config further text for each server. @param more of each service's environment. Whoever starts it removes it. */
export async function startGuardedSite(config = '', more: NodeJS.ProcessEnv = {}): Promise<GuardedSite> {
  const cluster = await startNatsCluster({ config: configOf('roles.conf') + config, env: PASSWORDS });
  const services: Service[] = [];
  const ends: (() => unknown)[] = [];
  const site: GuardedSite = {
    cluster,
    async start(kind, servers = cluster.urls, own = {}) {
      const env = {
        TIDINGS_JWT_SECRET: SECRET,
        TIDINGS_NATS_URL: servers.join(','),
        TIDINGS_NATS_USER: kind,
        TIDINGS_NATS_PASSWORD: passwordOf(kind),
        TIDINGS_MAX_CONNECTIONS_PER_USER: '0',
        TIDINGS_DRAIN_MS: '1000',
        ...more,
        ...own,
      };
      const name = `${kind}-${services.length + 1}`;
      const service = await startService({
        name,
        script: `services/${kind === 'webhooks' ? 'dispatcher' : kind}/dist/main.js`,
        env,
      });
      services.push(service);
      return service;
    },
    mint: (claims) => mintToken(SECRET, claims, 3_600, systemClock),
    get accidents() {
      return services.flatMap(({ accident }) => accident ?? []);
    },
    onRemove: (end) => void ends.push(end),
    async remove() {
      await Promise.all(services.map((service) => service.kill()));
      for (const end of ends.splice(0).reverse()) await end();
      await cluster.remove();
    },
  };
  try {
    await setUpStreams(cluster);
    return site;
  } catch (error) {
    await site.remove();
    throw error;
  }
}

/** What `tidings nats setup` does. */
async function setUpStreams({ urls: servers }: NatsCluster): Promise<void> {
  const operator = {
    servers,
    role: 'operator' as const,
    user: 'operator',
    password: passwordOf('operator'),
    log: createLogger('test', 'error', { write() {} }),
    metrics: createMetrics(),
    maxBytes: 1_000_000_000,
    maxAgeMs: 3_600_000,
  };
  await setUpStream(operator);
  for (const plan of [STATE_PLAN, RECORD_PLAN, SCHEDULES_PLAN, ...WORK_PLANS]) await setUpStream(operator, plan);
}
