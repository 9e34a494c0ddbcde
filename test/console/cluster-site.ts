import { mintToken } from '@tidings/auth';
import { startNatsServer } from '@tidings/broker/testing';
import { createLogger, type HostedService, loadSettings, systemClock } from '@tidings/runtime';
import { createPublisher } from '@tidings/sdk/publisher';
import { startBalancer } from '../../scripts/balancer.mjs';
import { createClusterPages } from '../../scripts/cluster-pages.mjs';
import { startEdge } from '../../services/edge/src/edge-service.ts';
import { startIngest } from '../../services/ingest/src/ingest.ts';
import type { Site } from './site.ts';

const SECRET = 'a secret of this site that is 32 bytes or longer';
const EDGES = ['edge-1', 'edge-2'];

/** Two edges and an ingest on one nats-server, behind the balancer and the pages of `npm run dev:cluster`. */
export async function startClusterSite(): Promise<Site> {
  const log = createLogger('site', 'fatal', { write() {} });
  const nats = await startNatsServer();
  const services = new Map<string, HostedService>();

  async function start(name: string, port = '0'): Promise<void> {
    const settings = loadSettings({
      PORT: port,
      TIDINGS_ADMIN_PORT: '0',
      TIDINGS_JWT_SECRET: SECRET,
      TIDINGS_NATS_URL: nats.url,
      TIDINGS_DRAIN_MS: '500',
      TIDINGS_JOURNAL_MAX_BYTES: '1000000',
      TIDINGS_CONSOLE: name === 'ingest' ? 'off' : 'on',
    });
    services.set(name, await (name === 'ingest' ? startIngest(settings, log) : startEdge(settings, log)));
  }
  const find = (name: string): HostedService => services.get(name) as HostedService;

  await Promise.all([...EDGES, 'ingest'].map((name) => start(name)));
  const pages = createClusterPages({
    secret: SECRET,
    hubUrl: () => balancer.url,
    cut: (session) => balancer.cut(session),
    edges: EDGES,
    async endEdge(name) {
      const { port } = new URL(find(name).url);
      await find(name).stop();
      await start(name, port);
    },
    stepDown: async () => 'nobody: one server',
  });
  const balancer = await startBalancer(0, {
    edges: () => EDGES.map((name) => ({ name, url: find(name).url, adminUrl: find(name).adminUrl })),
    ingestUrl: () => find('ingest').url,
    answer: pages.answer,
  });
  const rights = { subscribe: ['>'], publish: ['>'], admin: true };
  const adminToken = await mintToken(SECRET, { sub: 'dev-admin', tidings: rights }, 3_600, systemClock);
  return {
    name: 'two edges on NATS',
    url: balancer.url,
    adminToken,
    publisher: createPublisher({ url: balancer.url, token: adminToken }),
    hasFirstPage: false,
    async stop() {
      pages.close();
      balancer.close();
      await Promise.all([...services.values()].map((service) => service.stop()));
      await nats.remove();
    },
  };
}
