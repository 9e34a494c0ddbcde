import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { toTlsVariables, writeCertificate } from './certificate-files.ts';
import { watchLogLine } from './log-line.ts';
import { CERTIFICATE } from './transport.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** A service that runs as a process of its own, from what was built. */
export interface ServiceProcess {
  /** Everything it wrote to standard output. */
  stdout(): string;
  stderr(): string;
  /** Its log so far; lines that are no JSON are left out. */
  lines(): Record<string, unknown>[];
  /** Resolves with its URLs once it says where it listens; rejects with its output when it ends before. */
  listening(): Promise<{ url: string; adminUrl: string }>;
  /** Resolves with its exit code; `null` when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Does nothing once it has ended. */
  signal(signal: NodeJS.Signals): void;
}

/** Builds a workspace such as `services/edge` and what it stands on; does nothing where that is built already. */
export function buildWorkspace(workspace: string): void {
  // `npm test` has built everything, and to find that out again takes the compiler a second each time.
  if (process.env.WORKSPACES_ARE_BUILT === 'yes') return;
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', workspace], { cwd: ROOT });
}

/**
 * Runs a service that was built, such as `services/edge`, on free ports and with nothing of this environment but `env`,
 * and a certificate where the run speaks TLS.
 * Whoever starts it ends it.
 */
export function startServiceProcess(workspace: string, env: NodeJS.ProcessEnv): ServiceProcess {
  const certificate = CERTIFICATE && writeCertificate(CERTIFICATE);
  const tls = certificate && toTlsVariables(certificate);
  const child = spawn(process.execPath, [`${workspace}/dist/main.js`], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', TIDINGS_ADMIN_PORT: '0', ...tls, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  const look = (): void => {
    for (const watch of [...watchers]) watch();
  };
  createInterface(child.stderr).on('line', watchLogLine);
  // What else a hub prints in development is tokens, for people.
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('{')) watchLogLine(line);
  });
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString();
    look();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  let ended = false;
  const exited = once(child, 'close').then(([code]: (number | null)[]) => {
    ended = true;
    certificate?.remove();
    look();
    return code ?? null;
  });
  const lines = (): Record<string, unknown>[] =>
    stdout.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []));

  return {
    stdout: () => stdout,
    stderr: () => stderr,
    lines,
    exited,
    signal: (signal) => void child.kill(signal),
    listening: () =>
      new Promise((resolve, reject) => {
        const fail = (why: string): void => finish(() => reject(new Error(`${workspace} ${why}\n${stdout}${stderr}`)));
        const timer = setTimeout(() => fail('did not say where it listens'), START_TIMEOUT_MS);
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          watchers.delete(watch);
          settle();
        };
        const watch = (): void => {
          const line = lines().find(({ admin }) => admin !== undefined);
          if (line !== undefined) finish(() => resolve({ url: `${line.url}`, adminUrl: `${line.admin}` }));
          else if (ended) fail('ended before it listened');
        };
        watchers.add(watch);
        watch();
      }),
  };
}

/** A port that nobody has at this moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
