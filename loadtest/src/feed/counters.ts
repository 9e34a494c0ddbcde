import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NatsServer } from '@tidings/broker/testing';
import { readForeignUsage } from '../server/foreign-usage.ts';

/** What one server has sent and used since it began. */
export interface ServerCounters {
  readonly name: string;
  /** When it was read, by `performance.now`. */
  readonly atMs: number;
  /** To clients, as the server counts: without the protocol's lines. */
  readonly clientMessages: number;
  readonly clientBytes: number;
  /** To other servers, of the account of the events, and of the system's, in which the copies are kept alike. */
  readonly routeMessages: number;
  readonly routeBytes: number;
  readonly systemMessages: number;
  readonly systemBytes: number;
  /** What the kernel has sent for it; nothing where there is no `ss`. */
  readonly kernel: KernelCounters | undefined;
  readonly slowConsumers: number;
  readonly cpuSec: number;
  readonly rssBytes: number;
}

/** Bytes that TCP brought over, of sockets that are still open. */
interface KernelCounters {
  readonly clientBytes: number;
  readonly clientSegments: number;
  readonly routeBytes: number;
}

interface Varz {
  readonly out_client_msgs: number;
  readonly out_client_bytes: number;
  readonly slow_consumers: number;
}

interface Routez {
  readonly routes: readonly { readonly account?: string; readonly out_msgs: number; readonly out_bytes: number }[];
}

const SYSTEM = '$SYS';
const run = promisify(execFile);

/** Reads all at one moment, as far as that goes. @throws Error when a server does not answer. */
export async function readCounters(servers: readonly NatsServer[]): Promise<ServerCounters[]> {
  const sockets = await readSockets();
  // From here on it takes some milliseconds; the kernel's list takes longer.
  const atMs = performance.now();
  return Promise.all(
    servers.map(async (server) => {
      const [varz, { routes }] = await Promise.all([ask<Varz>(server, 'varz'), ask<Routez>(server, 'routez')]);
      const usage = server.pid === undefined ? undefined : readForeignUsage(server.pid);
      const sum = (isSystem: boolean, field: 'out_msgs' | 'out_bytes'): number =>
        routes.filter(({ account }) => (account === SYSTEM) === isSystem).reduce((all, route) => all + route[field], 0);
      return {
        name: server.name,
        atMs,
        clientMessages: varz.out_client_msgs,
        clientBytes: varz.out_client_bytes,
        routeMessages: sum(false, 'out_msgs'),
        routeBytes: sum(false, 'out_bytes'),
        systemMessages: sum(true, 'out_msgs'),
        systemBytes: sum(true, 'out_bytes'),
        kernel: sockets && kernelCountersOf(server, sockets),
        slowConsumers: varz.slow_consumers,
        cpuSec: usage?.cpuSec ?? 0,
        rssBytes: usage?.rssBytes ?? 0,
      };
    }),
  );
}

/** Asks a server's monitoring port. @throws Error when it does not answer well. */
export async function ask<Answer>(server: NatsServer, path: string): Promise<Answer> {
  const response = await fetch(`${server.monitorUrl}/${path}`, { signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`${server.name} answers ${response.status} for ${path}`);
  return (await response.json()) as Answer;
}

interface TcpSocket {
  readonly pid: number;
  readonly localPort: number;
  readonly bytes: number;
  readonly segments: number;
}

// One line a socket: addresses, processes, then the kernel's figures (ss(8)).
async function readSockets(): Promise<TcpSocket[] | undefined> {
  try {
    const { stdout } = await run('ss', ['-tinHOp', 'state', 'established'], { maxBuffer: 64_000_000 });
    return stdout.split('\n').flatMap((text) => {
      const pid = numberAfter(text, 'pid=');
      const [, local] = /^\s*\d+\s+\d+\s+\S*:(\d+)\s/.exec(text) ?? [];
      if (pid === undefined || local === undefined) return [];
      return {
        pid,
        localPort: Number(local),
        // What was sent once more counts once.
        bytes: numberAfter(text, 'bytes_acked:') ?? 0,
        segments: numberAfter(text, 'data_segs_out:') ?? 0,
      };
    });
  } catch {
    return undefined;
  }
}

function numberAfter(text: string, mark: string): number | undefined {
  const start = text.indexOf(mark);
  return start === -1 ? undefined : Number.parseInt(text.slice(start + mark.length), 10);
}

function kernelCountersOf(server: NatsServer, sockets: readonly TcpSocket[]): KernelCounters {
  const monitorPort = Number(new URL(server.monitorUrl).port);
  const own = sockets.filter(({ pid, localPort }) => pid === server.pid && localPort !== monitorPort);
  const clients = own.filter(({ localPort }) => localPort === server.port);
  const sum = (chosen: readonly TcpSocket[], field: 'bytes' | 'segments'): number =>
    chosen.reduce((all, socket) => all + socket[field], 0);
  return {
    clientBytes: sum(clients, 'bytes'),
    clientSegments: sum(clients, 'segments'),
    routeBytes: sum(own, 'bytes') - sum(clients, 'bytes'),
  };
}

/** What was added from one reading to the next; of memory what there is now, and of time how long it was. */
export function difference(now: ServerCounters, before: ServerCounters): ServerCounters {
  const kernel =
    now.kernel === undefined || before.kernel === undefined
      ? undefined
      : {
          clientBytes: now.kernel.clientBytes - before.kernel.clientBytes,
          clientSegments: now.kernel.clientSegments - before.kernel.clientSegments,
          routeBytes: now.kernel.routeBytes - before.kernel.routeBytes,
        };
  return {
    name: now.name,
    atMs: now.atMs - before.atMs,
    clientMessages: now.clientMessages - before.clientMessages,
    clientBytes: now.clientBytes - before.clientBytes,
    routeMessages: now.routeMessages - before.routeMessages,
    routeBytes: now.routeBytes - before.routeBytes,
    systemMessages: now.systemMessages - before.systemMessages,
    systemBytes: now.systemBytes - before.systemBytes,
    kernel,
    slowConsumers: now.slowConsumers - before.slowConsumers,
    cpuSec: now.cpuSec - before.cpuSec,
    rssBytes: now.rssBytes,
  };
}
