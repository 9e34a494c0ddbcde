import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardFolder } from './guard.ts';
import { askMonitor, until } from './monitor.ts';
import type { NatsServer, NatsServerOptions } from './nats-server.ts';
import { type PortBlock, PortTaken } from './port-block.ts';

const START_TIMEOUT_MS = 20_000;

/** As the servers of a deployment have them: an event and its headers fit in, and a client that stalls is cut off. */
const SETTINGS = `max_payload: 1100000
max_pending: 64MB
write_deadline: "5s"
ping_interval: "10s"
`;

/** How a member finds the others. */
export interface Membership {
  readonly cluster: string;
  readonly routes: readonly string[];
}

/** A server that is still to be started, by `restart`. */
export function createNatsProcess(
  binary: string,
  ports: PortBlock,
  { config = '', env = {}, name = 'nats', jetStream = true }: NatsServerOptions,
  membership?: Membership,
): NatsServer {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-nats-'));
  const confirmRemoval = guardFolder(folder);
  const files = { config: join(folder, 'server.conf'), log: join(folder, 'server.log'), pid: join(folder, 'pid') };
  writeFileSync(files.config, SETTINGS + config);
  const monitorUrl = `http://127.0.0.1:${ports.monitor}`;
  // Healthy in a cluster means caught up with its leader, who may be down himself.
  const health = `${monitorUrl}/healthz${membership === undefined ? '' : '?js-enabled-only=true'}`;
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let isFrozen = false;
  let removal: Promise<void> | undefined;

  const log = (): string => (existsSync(files.log) ? readFileSync(files.log, 'utf8') : '');

  function launch(): void {
    const output = openSync(files.log, 'a');
    const store = jetStream ? ['--jetstream', '--store_dir', join(folder, 'store')] : [];
    const started = spawn(binary, [...argumentsFor(files.config, name, ports, membership), ...store], {
      env: { ...process.env, ...env },
      // Of its own group: a Ctrl-C in the terminal is for the process that owns it, which ends it in its own time.
      detached: true,
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    child = started;
    isFrozen = false;
    writeFileSync(files.pid, String(started.pid ?? ''));
    gone = new Promise((resolve) => {
      const onEnd = (): void => {
        rmSync(files.pid, { force: true });
        child = undefined;
        resolve();
      };
      started.once('exit', onEnd);
      started.once('error', onEnd);
    });
  }

  function signal(name: NodeJS.Signals): void {
    if (child === undefined) throw new Error(`${name} for a nats-server that does not run`);
    child.kill(name);
  }

  const end = async (name: NodeJS.Signals): Promise<void> => {
    if (isFrozen) server.thaw();
    child?.kill(name);
    await gone;
  };

  const server: NatsServer = {
    name,
    url: `nats://127.0.0.1:${ports.client}`,
    port: ports.client,
    monitorUrl,
    folder,
    get pid() {
      return child?.pid;
    },
    get isFrozen() {
      return isFrozen;
    },
    get gone() {
      return gone;
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async restart() {
      if (removal !== undefined) throw new Error('this nats-server was removed');
      await server.stop();
      const start = log().length;
      launch();
      await until(
        async () => child === undefined || (await askMonitor(health)),
        START_TIMEOUT_MS,
        () => `nats-server ${name} is not healthy\n${log().slice(start)}`,
      );
      if (child !== undefined) return;
      const text = log().slice(start);
      if (text.includes('address already in use')) throw new PortTaken(`nats-server ${name}: ${text}`);
      throw new Error(`nats-server ${name} exited at once\n${text}`);
    },
    freeze() {
      signal('SIGSTOP');
      isFrozen = true;
    },
    thaw() {
      signal('SIGCONT');
      isFrozen = false;
    },
    log,
    remove() {
      removal ??= server.kill().then(async () => {
        await rm(folder, { recursive: true, force: true });
        confirmRemoval();
        ports.release();
      });
      return removal;
    },
  };
  return server;
}

/** As arguments and not as text of the file: what a test configures cannot move the store or the ports. */
function argumentsFor(config: string, name: string, ports: PortBlock, membership: Membership | undefined): string[] {
  const own = ['--config', config, '--name', name];
  const client = ['--addr', '127.0.0.1', '--port', String(ports.client), '--http_port', String(ports.monitor)];
  if (membership === undefined) return [...own, ...client];
  const listen = `nats://127.0.0.1:${ports.cluster}`;
  // A server knows the route to itself and drops it.
  const routes = membership.routes.join(',');
  const cluster = ['--cluster_name', membership.cluster, '--cluster_listen', listen, '--routes', routes];
  return [...own, ...client, ...cluster];
}
