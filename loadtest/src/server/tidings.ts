import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { toTlsVariables } from '@tidings/runtime/testing';
import { isTls, type Target, type Transport } from '../generator/target.ts';
import { beside } from './beside.ts';
import { certificateFiles } from './certificate.ts';
import { readForeignUsage } from './foreign-usage.ts';
import { type MeasuredProcess, startMeasured } from './measured-process.ts';
import type { Subject, SubjectOptions } from './subject.ts';

/** What tokens of every server under test are signed with. */
export const SECRET: string = 'a secret for benchmarks only of 32 bytes or more';
const TOKEN_SEC = 86_400;
const OPENING = 'hub.live';

/**
 * What every server under test is started with: as in production, with a log of warnings and errors only. All streams
 * of a run belong to one user.
 */
const SERVER_ENV: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  TIDINGS_ADMIN_PORT: '0',
  LOG_LEVEL: 'warn',
  TIDINGS_AUDIT: 'control',
  TIDINGS_JWT_SECRET: SECRET,
  TIDINGS_MAX_CONNECTIONS_PER_USER: '0',
};

/** A token that may do everything, and that every request of a run carries. */
const mintBenchToken = (): Promise<string> =>
  mintToken(SECRET, { sub: 'bench', tidings: { subscribe: ['>'], publish: ['>'] } }, TOKEN_SEC, systemClock);

type ServiceName = 'hub' | 'edge' | 'ingest';

/** Starts a service as `npm start` does, from what was built. */
export async function startTidings(
  service: ServiceName,
  { transport, flags }: SubjectOptions,
  env: NodeJS.ProcessEnv = {},
): Promise<MeasuredProcess> {
  const certificate = isTls(transport) ? certificateFiles() : undefined;
  const tls = certificate && toTlsVariables(certificate);
  const script = `services/${service}/dist/main.js`;
  return startMeasured({
    name: service,
    script,
    env: { ...SERVER_ENV, ...tls, ...beside.env, ...env },
    ...(flags && { flags }),
  });
}

/** Where clients of a service connect to. */
export async function targetOf({ url }: MeasuredProcess, transport: Transport): Promise<Target> {
  return { port: Number(url.port), transport, token: await mintBenchToken() };
}

/** The hub, ingest and edge in one process with its broker in memory. */
export async function startHubSubject(options: SubjectOptions): Promise<Subject> {
  const process = await startTidings('hub', options);
  const target = await targetOf(process, options.transport);
  const publishing: Target = { ...target, transport: isTls(options.transport) ? 'h1-tls' : 'h1' };
  return {
    name: 'tidings',
    streams: target,
    publishing,
    opening: OPENING,
    process,
    others: [],
    stop: () => process.stop(),
  };
}

/** Edges and one ingest, each a process, on one nats-server. */
export interface Cluster {
  readonly nats: NatsServer;
  readonly ingest: MeasuredProcess;
  readonly edges: readonly MeasuredProcess[];
  readonly publishing: Target;
  stop(): Promise<void>;
}

export async function startCluster(edgeCount: number, flags: readonly string[] = []): Promise<Cluster> {
  const nats = await startNatsServer();
  const started: MeasuredProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((process) => process.stop()));
    await nats.remove();
  };
  const start = async (service: ServiceName): Promise<MeasuredProcess> => {
    const process = await startTidings(service, { transport: 'h1', flags }, { TIDINGS_NATS_URL: nats.url });
    started.push(process);
    return process;
  };
  try {
    // The ingest creates the stream, for which the edges wait.
    const ingest = await start('ingest');
    const edges = await Promise.all(Array.from({ length: edgeCount }, () => start('edge')));
    return { nats, ingest, edges, publishing: await targetOf(ingest, 'h1'), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** An edge of a cluster of its own; the ingest and the nats-server are told beside it. */
export async function startEdgeSubject({ transport, flags = [] }: SubjectOptions): Promise<Subject> {
  const cluster = await startCluster(1, flags);
  const [edge] = cluster.edges as [MeasuredProcess];
  return {
    name: 'tidings edge',
    streams: await targetOf(edge, transport),
    publishing: cluster.publishing,
    opening: OPENING,
    process: edge,
    others: [{ name: 'ingest', usage: () => cluster.ingest.usage() }, natsOf(cluster)],
    stop: cluster.stop,
  };
}

/** An ingest and a nats-server, with no edge behind them. */
export async function startIngestSubject(): Promise<Subject> {
  const cluster = await startCluster(0);
  return {
    name: 'tidings ingest',
    streams: cluster.publishing,
    publishing: cluster.publishing,
    opening: OPENING,
    process: cluster.ingest,
    others: [natsOf(cluster)],
    stop: cluster.stop,
  };
}

const natsOf = ({ nats }: Cluster): Subject['others'][number] => ({
  name: 'nats-server',
  usage: async () => (nats.pid === undefined ? undefined : readForeignUsage(nats.pid)),
});
