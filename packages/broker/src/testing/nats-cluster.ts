import { askMonitor, until } from './monitor.ts';
import { createNatsProcess } from './nats-process.ts';
import { findOnce, type NatsServer, type NatsServerOptions } from './nats-server.ts';
import { onFreePorts, type PortBlock } from './port-block.ts';

const READY_TIMEOUT_MS = 30_000;

export interface NatsClusterOptions extends Pick<NatsServerOptions, 'config' | 'env'> {
  /** Odd, so that a majority is one; 3 when left out. */
  readonly size?: number;
}

/** Servers on the loopback address that form one JetStream cluster, each with its own store. */
export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  readonly urls: readonly string[];
  /**
   * Resolves when the servers that run have a JetStream leader, are all current with it, and have every stream of
   * theirs caught up. A server that was killed or frozen does not count. @throws Error that says who is not ready.
   */
  ready(timeoutMs?: number): Promise<void>;
  /** Who leads the cluster's JetStream; nothing while nobody does. */
  metaLeader(): Promise<NatsServer | undefined>;
  /** Who leads a stream by its own word; nothing while nobody does. */
  streamLeader(stream: string): Promise<NatsServer | undefined>;
  /** Ends all and deletes their folders. Idempotent. */
  remove(): Promise<void>;
}

interface Group {
  readonly leader?: string;
  /** As the leader sees them: only its own answer has them. */
  readonly replicas?: readonly { readonly name: string; readonly current: boolean }[];
}

/** What is read of an answer of `/jsz`. */
interface JetStreamState {
  readonly meta_cluster?: Group & { readonly cluster_size: number };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamState[] }[];
}

interface StreamState {
  readonly name: string;
  readonly cluster?: Group;
}

/** Starts a cluster; resolves when it is ready. Whoever starts it removes it. @throws Error with the servers' logs. */
export async function startNatsCluster({ size = 3, ...options }: NatsClusterOptions = {}): Promise<NatsCluster> {
  const binary = await findOnce();
  return await onFreePorts(size, async (blocks) => {
    const cluster = createNatsCluster(binary, blocks, options);
    try {
      await Promise.all(cluster.servers.map((server) => server.restart()));
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  });
}

function createNatsCluster(binary: string, blocks: readonly PortBlock[], options: NatsServerOptions): NatsCluster {
  const routes = blocks.map((ports) => `nats://127.0.0.1:${ports.cluster}`);
  const servers = blocks.map((ports, index) =>
    createNatsProcess(binary, ports, { ...options, name: `nats-${index + 1}` }, { cluster: 'tidings', routes }),
  );
  const running = (): NatsServer[] => servers.filter((server) => server.pid !== undefined && !server.isFrozen);

  async function ask(path: string): Promise<{ server: NatsServer; state: JetStreamState }[]> {
    const answers = await Promise.all(
      running().map(async (server) => ({ server, state: await askMonitor(`${server.monitorUrl}${path}`) })),
    );
    return answers.flatMap(({ server, state }) => (state === undefined ? [] : { server, state }));
  }

  const findMetaLeader = async () =>
    (await ask('/jsz?meta=true')).find(({ server, state }) => state.meta_cluster?.leader === server.name);

  /** The copies of every stream, each with the server that has it. */
  const findStreams = async () =>
    (await ask('/jsz?streams=true')).flatMap(({ server, state }) =>
      (state.account_details ?? []).flatMap(({ stream_detail }) =>
        (stream_detail ?? []).map((stream) => ({ server, stream, leads: stream.cluster?.leader === server.name })),
      ),
    );

  /** Who of those that run is not up to date, in the eyes of the leader. */
  const findLaggard = (leader: NatsServer, { replicas = [] }: Group): NatsServer | undefined =>
    running().find((server) => server !== leader && replicas.some((r) => r.name === server.name && !r.current));

  /** What is missing; nothing when all is well. */
  async function findFault(): Promise<string | undefined> {
    // A leader that has lost the others goes on calling itself one for some seconds.
    if (running().length <= servers.length / 2) return `only ${running().length} of ${servers.length} servers run`;
    const meta = await findMetaLeader();
    if (meta?.state.meta_cluster === undefined) return 'JetStream has no leader';
    const { cluster_size } = meta.state.meta_cluster;
    if (cluster_size !== servers.length) return `only ${cluster_size} of ${servers.length} servers have met`;
    const laggard = findLaggard(meta.server, meta.state.meta_cluster);
    if (laggard !== undefined) return `${laggard.name} is behind ${meta.server.name}`;

    const copies = await findStreams();
    for (const name of new Set(copies.map(({ stream }) => stream.name))) {
      const copy = copies.find(({ stream, leads }) => leads && stream.name === name);
      if (copy === undefined) return `the stream ${name} has no leader`;
      const late = findLaggard(copy.server, copy.stream.cluster ?? {});
      if (late !== undefined) return `${late.name} is behind with the stream ${name}`;
    }
    const healthy = await ask('/healthz');
    const ill = running().find((each) => !healthy.some(({ server }) => server === each));
    return ill && `${ill.name} is not healthy`;
  }

  return {
    servers,
    urls: servers.map(({ url }) => url),
    async ready(timeoutMs = READY_TIMEOUT_MS) {
      let fault: string | undefined;
      await until(
        async () => {
          fault = await findFault();
          return fault === undefined || undefined;
        },
        timeoutMs,
        () => `${fault}\n${servers.map(({ name, log }) => `--- ${name}\n${log()}`).join('\n')}`,
      );
    },
    metaLeader: async () => (await findMetaLeader())?.server,
    async streamLeader(name) {
      // A follower may still name the one that is gone: only the leader's own word counts.
      return (await findStreams()).find(({ stream, leads }) => leads && stream.name === name)?.server;
    },
    async remove() {
      await Promise.all(servers.map((server) => server.remove()));
    },
  };
}
