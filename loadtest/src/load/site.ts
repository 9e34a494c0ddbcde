import { setTimeout as sleep } from 'node:timers/promises';
import { mintToken } from '@tidings/auth';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import type { MeasuredProcess } from '../server/measured-process.ts';
import { SECRET, startTidings } from '../server/tidings.ts';
import type { SiteKind } from './catalogue.ts';

const TOKEN_SEC = 86_400;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const ANSWER_TIMEOUT_MS = 5_000;
// A whole run has to stay in the history, for those who resume.
const ENV: NodeJS.ProcessEnv = { TIDINGS_HISTORY_MAX_BYTES: '8000000000', TIDINGS_DRAIN_MS: '5000' };

/** One that can be ended and comes back at the same address, which is all that clients know of it. */
export interface SiteEdge {
  readonly name: string;
  /** Of its process now. */
  readonly pid: number | undefined;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it has ended. @throws Error when its exit code is not 0. */
  drain(): Promise<void>;
  /** At the same ports; resolves when it is ready for streams. */
  startAgain(): Promise<void>;
}

/** What a load test is aimed at, and what of it was started here. */
export interface LoadSite {
  readonly urls: readonly string[];
  readonly ingest: string;
  readonly admins: readonly string[];
  readonly token: string;
  readonly edges: readonly SiteEdge[];
  /** Whose CPU time and memory are told beside. */
  pids(): Readonly<Record<string, number | undefined>>;
  /** Those that should run and do not, with their last lines. */
  accidents(): Promise<string[]>;
  stop(): Promise<void>;
}

const mintLoadToken = (): Promise<string> =>
  mintToken(SECRET, { sub: 'load', tidings: { subscribe: ['lt.>'], publish: ['lt.>'] } }, TOKEN_SEC, systemClock);

/** Starts it; resolves when all of it is ready. Whoever starts it stops it. */
export async function startLoadSite(
  kind: SiteKind,
  edgeCount: number,
  settings: NodeJS.ProcessEnv = {},
): Promise<LoadSite> {
  const env = { ...ENV, ...settings };
  return kind === 'hub' ? startHubSite(env) : startClusterSite(edgeCount, env);
}

async function startHubSite(env: NodeJS.ProcessEnv): Promise<LoadSite> {
  const hub = await startTidings('hub', { transport: 'h1' }, env);
  const url = hub.url.origin;
  return {
    urls: [url],
    ingest: url,
    admins: [adminOf(hub)],
    token: await mintLoadToken(),
    edges: [],
    pids: () => ({ hub: hub.pid }),
    accidents: () => accidentsOf([hub]),
    stop: () => hub.stop(),
  };
}

async function startClusterSite(edgeCount: number, settings: NodeJS.ProcessEnv): Promise<LoadSite> {
  const nats = await startNatsCluster();
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.stop()));
    await nats.remove();
  };
  try {
    const env = { ...settings, TIDINGS_NATS_URL: nats.urls.join(',') };
    // It creates the stream, for which the edges wait.
    const ingest = await startTidings('ingest', { transport: 'h1' }, env);
    started.push(ingest);
    const names = Array.from({ length: edgeCount }, (_, index) => `edge-${index + 1}`);
    // All are waited for, also where one fails: the others must not start when they have been stopped.
    const edges = await allOf(
      names.map(async (name) => {
        const edge = await startSiteEdge(name, env);
        started.push(edge);
        return edge;
      }),
    );
    return {
      urls: edges.map(({ url }) => url),
      ingest: ingest.url.origin,
      admins: edges.map(({ admin }) => admin),
      token: await mintLoadToken(),
      edges,
      pids: () => ({
        ...Object.fromEntries(edges.map(({ name, pid }) => [name, pid])),
        ingest: ingest.pid,
        ...pidsOf(nats),
      }),
      accidents: async () => [
        ...(await accidentsOf([...edges.flatMap(({ process }) => process ?? []), ingest])),
        ...nats.servers.flatMap(({ pid }, index) => (pid === undefined ? [`nats-${index + 1} ended by itself`] : [])),
      ],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function allOf<Value>(starting: readonly Promise<Value>[]): Promise<Value[]> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

const pidsOf = ({ servers }: NatsCluster): Record<string, number | undefined> =>
  Object.fromEntries(servers.map(({ pid }, index) => [`nats-${index + 1}`, pid]));

interface StartedEdge extends SiteEdge {
  readonly url: string;
  readonly admin: string;
  /** While it is wanted. */
  readonly process: MeasuredProcess | undefined;
  stop(): Promise<void>;
}

async function startSiteEdge(name: string, env: NodeJS.ProcessEnv): Promise<StartedEdge> {
  let running: MeasuredProcess | undefined = await startTidings('edge', { transport: 'h1' }, env);
  const url = running.url.origin;
  const admin = adminOf(running);
  const ports = { PORT: new URL(url).port, TIDINGS_ADMIN_PORT: new URL(admin).port };
  const take = (): MeasuredProcess => {
    if (running === undefined) throw new Error(`${name} does not run`);
    const taken = running;
    running = undefined;
    return taken;
  };
  return {
    name,
    url,
    admin,
    get pid() {
      return running?.pid;
    },
    get process() {
      return running;
    },
    kill: () => take().stop(),
    async drain() {
      const code = await take().terminate();
      if (code !== 0) throw new Error(`${name} was asked to end, and ended with ${code}`);
    },
    async startAgain() {
      running = await startTidings('edge', { transport: 'h1' }, { ...env, ...ports });
      await untilReady(name, admin);
    },
    stop: async () => running?.stop(),
  };
}

async function accidentsOf(processes: readonly MeasuredProcess[]): Promise<string[]> {
  const silent = async (name: string): Promise<never> => {
    await sleep(ANSWER_TIMEOUT_MS, undefined, { ref: false });
    throw new Error(`${name} does not answer`);
  };
  const answers = await Promise.allSettled(
    processes.map((process) => Promise.race([process.usage(), silent(process.name)])),
  );
  return answers.flatMap((answer) => (answer.status === 'rejected' ? [(answer.reason as Error).message] : []));
}

async function untilReady(name: string, admin: string): Promise<void> {
  const endMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < endMs) {
    const answer = await fetch(`${admin}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(READY_POLL_MS);
  }
  throw new Error(`${name} was started again and is not ready after ${READY_TIMEOUT_MS / 1_000} s`);
}

function adminOf({ name, adminUrl }: MeasuredProcess): string {
  if (adminUrl === undefined) throw new Error(`${name} has no admin port`);
  return adminUrl;
}
