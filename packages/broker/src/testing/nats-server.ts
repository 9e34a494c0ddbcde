import { findNatsServer } from './find-nats-server.ts';
import { createNatsProcess } from './nats-process.ts';
import { onFreePorts } from './port-block.ts';

export interface NatsServerOptions {
  /** Text after the settings that every server here has: what it says again, it overrides. */
  readonly config?: string;
  /** Added to the environment, for `$NAME` in `config`. */
  readonly env?: NodeJS.ProcessEnv;
  /** Unique in a cluster. */
  readonly name?: string;
  /** `false`: it stores nothing, as a leaf server. */
  readonly jetStream?: boolean;
}

/** A nats-server with JetStream on the loopback address; its store is a folder that lives as long as this object. */
export interface NatsServer {
  readonly name: string;
  /** `nats://127.0.0.1:port`; stays the same over a restart. */
  readonly url: string;
  readonly port: number;
  /** `http://127.0.0.1:port`, for `/healthz`, `/jsz` and the like. */
  readonly monitorUrl: string;
  readonly folder: string;
  /** Of the process that runs; nothing while none does. */
  readonly pid: number | undefined;
  readonly isFrozen: boolean;
  /** Resolves when the process that runs now is gone, whoever ended it. */
  readonly gone: Promise<void>;
  /** SIGKILL; resolves when the process is gone. The store stays. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when the process is gone. The store stays. */
  stop(): Promise<void>;
  /**
   * Starts it again on the same ports and store, after a `stop` where it runs. Resolves when it takes connections and
   * JetStream is up; one that stands alone has its streams back by then, for a cluster ask `ready`.
   */
  restart(): Promise<void>;
  /** SIGSTOP: it answers nobody, and its connections stay open. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Everything that it has logged, over restarts. */
  log(): string;
  /** Ends it, frozen or not, and deletes its folder. Idempotent. */
  remove(): Promise<void>;
}

let binary: Promise<string> | undefined;

/** The search runs a process or two: once is enough, unless it failed. */
export function findOnce(): Promise<string> {
  binary ??= findNatsServer().catch((error) => {
    binary = undefined;
    throw error;
  });
  return binary;
}

/** Starts one server; resolves when it is healthy. Whoever starts it removes it. @throws Error with the server's log. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const path = await findOnce();
  return await onFreePorts(1, async (blocks) => {
    const [server] = blocks.map((ports) => createNatsProcess(path, ports, options)) as [NatsServer];
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.remove();
      throw error;
    }
  });
}
