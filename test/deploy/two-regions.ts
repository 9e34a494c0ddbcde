import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { configOf, type GuardedSite, PASSWORDS, passwordOf, startGuardedSite } from './guarded-site.ts';
import { createWanLink, type WanLink } from './wan-link.ts';

/** Region A has the stream, an ingest and an edge; region B a leaf server of deploy/nats/leaf.conf, and an edge. */
export interface TwoRegions extends Pick<GuardedSite, 'mint' | 'accidents' | 'remove'> {
  /** From the leaf server to each of the others. */
  readonly wan: readonly WanLink[];
  readonly ingest: Service;
  readonly near: Service;
  readonly far: Service;
  /** Another edge in region B. */
  startFar(): Promise<Service>;
}

/** As server.conf has it in a comment, but for the port, which no two of one machine share, and TLS. */
const LEAFNODES = '\nleafnodes {\n  listen: "127.0.0.1:-1"\n  no_advertise: true\n}\n';

/** Starts both. @param delayMs what each direction takes between them. Whoever starts them removes them. */
export async function startTwoRegions(delayMs = 0): Promise<TwoRegions> {
  const site = await startGuardedSite(LEAFNODES);
  try {
    const wan = await Promise.all(
      site.cluster.servers.map(async (server) => createWanLink(await leafPortOf(server), delayMs)),
    );
    site.onRemove(() => {
      for (const link of wan) link.close();
    });
    const leaf = await startLeaf(wan);
    site.onRemove(() => leaf.remove());
    const startFar = (): Promise<Service> => site.start('edge', [leaf.url]);
    const [ingest, near, far] = await Promise.all([site.start('ingest'), site.start('edge'), startFar()]);
    const { mint, remove } = site;
    return {
      wan,
      ingest,
      near,
      far,
      startFar,
      mint,
      get accidents() {
        return site.accidents;
      },
      remove,
    };
  } catch (error) {
    await site.remove();
    throw error;
  }
}

async function leafPortOf({ monitorUrl }: NatsServer): Promise<number> {
  const { leaf } = (await (await fetch(`${monitorUrl}/varz`)).json()) as { leaf: { port: number } };
  return leaf.port;
}

function startLeaf(wan: readonly WanLink[]): Promise<NatsServer> {
  const urls = wan.map(({ port }, at) => [`NATS_HUB_${at + 1}`, `nats://edge:${passwordOf('edge')}@127.0.0.1:${port}`]);
  const env = { ...PASSWORDS, ...Object.fromEntries(urls), NATS_SERVER_NAME: 'leaf-1' };
  return startNatsServer({ config: configOf('leaf.conf'), env, name: 'leaf-1', jetStream: false });
}
