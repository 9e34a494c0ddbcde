import { resolve } from 'node:path';
import { mintToken } from '@tidings/auth';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { type Service, startService } from './service.ts';
import { createTally, type Tally } from './tally.ts';

/** What edges take of the live events; `mixed`: every second one by interest. */
export type SiteFeed = 'all' | 'interest' | 'mixed';

export interface SiteOptions {
  readonly feed?: SiteFeed;
  readonly edges?: number;
  readonly ingests?: number;
  /** `false`: edges that do not repair what their live feed misses, to see that the losses are noticed. */
  readonly repair?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of another build, where the first services are started from. */
  readonly build?: string | undefined;
}

/** What one service is to have that the others have not. */
interface ServiceWish {
  readonly repair?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of another build, where it is started from. */
  readonly build?: string | undefined;
  /** The balancer sends nobody there: whoever started it uses it, and ends it. */
  readonly apart?: boolean;
}

/** Three nats-servers, and edges and ingests as processes: what a deployment has, but for its balancer. */
export interface Site {
  readonly cluster: NatsCluster;
  /** Those that were started and not asked to end, the oldest first. */
  readonly edges: readonly Service[];
  readonly ingests: readonly Service[];
  readonly tally: Tally;
  /** May subscribe and publish anywhere. */
  readonly token: string;
  /** Any edge that is up, at random; a restarted one has another port, so clients ask each time. */
  edgeUrl(): string | undefined;
  ingestUrl(): string | undefined;
  startEdge(wish?: ServiceWish): Promise<Service>;
  startIngest(wish?: ServiceWish): Promise<Service>;
  /** Services that ended by themselves, with their logs. */
  readonly accidents: readonly string[];
  remove(): Promise<void>;
}

const SECRET = 'a secret of the chaos site of 32 bytes or more';
const TOKEN_SEC = 86_400;
const EDGE = 'services/edge/dist/main.js';
const INGEST = 'services/ingest/dist/main.js';
const UNREPAIRED_EDGE = 'loadtest/dist/chaos/edge-without-repair.js';

/** The ring is as small as it may be, so that resumes come from history as well; history must hold a whole run. */
const ENV: NodeJS.ProcessEnv = {
  TIDINGS_RING_MAX_BYTES: '1000000',
  TIDINGS_HISTORY_MAX_BYTES: '8000000000',
  TIDINGS_DRAIN_MS: '2000',
  // All clients have one token.
  TIDINGS_MAX_CONNECTIONS_PER_USER: '0',
};

/** Starts it; resolves when everything accepts connections. Whoever starts it removes it. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { edges = 2, ingests = 2, repair = true, feed = 'all', build } = options;
  const cluster = await startNatsCluster();
  const tally = createTally();
  const started: { kind: 'edge' | 'ingest'; apart: boolean; service: Service }[] = [];
  const env = { ...ENV, TIDINGS_JWT_SECRET: SECRET, TIDINGS_NATS_URL: cluster.urls.join(','), ...options.env };

  let edgesAsked = 0;
  // Another build may not know the setting.
  function feedOfNext(): NodeJS.ProcessEnv {
    edgesAsked += 1;
    return feed === 'interest' || (feed === 'mixed' && edgesAsked % 2 === 0) ? { TIDINGS_FEED: 'interest' } : {};
  }

  async function start(kind: 'edge' | 'ingest', script: string, wish: ServiceWish): Promise<Service> {
    const name = `${kind}-${started.length + 1}`;
    const there = wish.build === undefined ? script : resolve(wish.build, script);
    const ofKind = kind === 'edge' ? feedOfNext() : {};
    const service = await startService({ name, script: there, env: { ...env, ...ofKind, ...wish.env } });
    started.push({ kind, apart: wish.apart === true, service });
    tally.watch(service);
    return service;
  }
  const up = (kind: 'edge' | 'ingest'): Service[] =>
    started.filter((each) => each.kind === kind && !each.apart && each.service.isUp).map(({ service }) => service);
  const anyUrl = (services: readonly Service[]): string | undefined =>
    services[Math.floor(Math.random() * services.length)]?.url;

  const site: Site = {
    cluster,
    get edges() {
      return up('edge');
    },
    get ingests() {
      return up('ingest');
    },
    tally,
    token: await mintToken(
      SECRET,
      { sub: 'chaos', tidings: { subscribe: ['>'], publish: ['>'], admin: true } },
      TOKEN_SEC,
      systemClock,
    ),
    edgeUrl: () => anyUrl(up('edge')),
    ingestUrl: () => anyUrl(up('ingest')),
    startEdge: (wish = {}) => start('edge', (wish.repair ?? repair) ? EDGE : UNREPAIRED_EDGE, wish),
    startIngest: (wish = {}) => start('ingest', INGEST, wish),
    get accidents() {
      return started.flatMap(({ service }) => service.accident ?? []);
    },
    async remove() {
      tally.stop();
      await Promise.all(started.map(({ service }) => service.kill()));
      await cluster.remove();
    },
  };
  try {
    // The first ingest creates the stream, for which the edges wait.
    await Promise.all([
      ...Array.from({ length: ingests }, () => site.startIngest({ build })),
      ...Array.from({ length: edges }, () => site.startEdge({ build })),
    ]);
    return site;
  } catch (error) {
    await site.remove();
    throw error;
  }
}
