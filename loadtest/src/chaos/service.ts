import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { watchLogLine } from '@tidings/runtime/testing';
import { guard } from '../server/guard.ts';

// From `src/chaos` and from `dist/chaos` alike.
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 40_000;
const KEPT_LINES = 60;

export interface ServiceOptions {
  /** Names it in messages. */
  readonly name: string;
  /** What was built, from the root of the repository. */
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A service as a process of its own. */
export interface Service {
  readonly name: string;
  readonly url: string;
  readonly adminUrl: string;
  /** A balancer would send it requests: it runs, and nobody has asked it to end. */
  readonly isUp: boolean;
  /** Its exit code or signal, where nobody had asked it to end. */
  readonly accident: string | undefined;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with its exit code. */
  drain(): Promise<number | null>;
  /** SIGSTOP, and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** The last lines of its log. */
  log(): string;
}

/** Starts it; resolves when it says where it listens. Whoever starts it ends it. @throws Error with its log. */
export async function startService({ name, script, env }: ServiceOptions): Promise<Service> {
  const child = spawn(process.execPath, [script], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PORT: '0', TIDINGS_ADMIN_PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  guard(child);
  const lines: string[] = [];
  const keep = (line: string): void => {
    watchLogLine(line);
    // A line for each request and stream would push out what explains a failure.
    if (line.includes('"level":30') && line.includes('"status":')) return;
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
  };
  let isAsked = false;
  let isFrozen = false;
  let accident: string | undefined;
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code, signal) => {
      if (!isAsked) accident = `${name} ended with ${code ?? signal}\n${lines.join('\n')}`;
      resolve(code);
    });
  });
  createInterface(child.stderr).on('line', keep);

  const { url, adminUrl } = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`${name} ${why}\n${lines.join('\n')}`));
    const timer = setTimeout(() => {
      isAsked = true;
      child.kill('SIGKILL');
      fail('does not listen');
    }, START_TIMEOUT_MS);
    void exited.then(() => {
      clearTimeout(timer);
      fail('ended before it listened');
    });
    createInterface(child.stdout).on('line', (line) => {
      keep(line);
      const [, found, admin] = /"url":"([^"]+)","admin":"([^"]+)"/.exec(line) ?? [];
      if (found === undefined || admin === undefined) return;
      clearTimeout(timer);
      resolve({ url: found, adminUrl: admin });
    });
  });

  return {
    name,
    url,
    adminUrl,
    get isUp() {
      return !isAsked && !isFrozen && child.exitCode === null && child.signalCode === null;
    },
    get accident() {
      return accident;
    },
    async kill() {
      isAsked = true;
      child.kill('SIGKILL');
      await exited;
    },
    async drain() {
      isAsked = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      const code = await exited;
      clearTimeout(timer);
      if (code !== 0) accident = `${name} was asked to end, and ended with ${code}\n${lines.join('\n')}`;
      return code;
    },
    freeze() {
      isFrozen = true;
      child.kill('SIGSTOP');
    },
    thaw() {
      isFrozen = false;
      child.kill('SIGCONT');
    },
    log: () => lines.join('\n'),
  };
}
