import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ProbeAnswer, ProbeQuestion, Usage } from './probe-message.ts';

/** The root of the repository, from `src/server` and from `dist/server` alike. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));
// What was built, also for a test that runs from the sources.
const PROBE = new URL('../../dist/server/probe.js', import.meta.url).href;
const START_TIMEOUT_MS = 30_000;
const KEPT_LINES = 20;

export interface MeasuredProcessOptions {
  /** Names it in messages. */
  readonly name: string;
  /** What was built, from the root of the repository. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Flags of Node, such as `--expose-gc`. */
  readonly flags?: readonly string[];
  /** Is given every line that it writes. */
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

/** A server in a process of its own, so that its CPU time and its memory are its own. */
export interface MeasuredProcess {
  readonly name: string;
  readonly pid: number;
  readonly url: URL;
  /** Of the admin port, for a service that has one. */
  readonly adminUrl: string | undefined;
  usage(): Promise<Usage>;
  /** Asks for a garbage collection; does nothing without `--expose-gc`. */
  collect(): Promise<void>;
  startProfile(): Promise<void>;
  /** A CPU profile as Chrome's developer tools write it. */
  stopProfile(): Promise<unknown>;
  /** Asks it to end in good order (SIGTERM); resolves with its exit code. */
  terminate(): Promise<number | null>;
  /** Ends it at once; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Starts it; resolves when it says where it listens. Whoever starts it stops it. @throws Error with its last lines. */
export async function startMeasured(options: MeasuredProcessOptions): Promise<MeasuredProcess> {
  const { name, script, args = [], env, flags = [], onLine } = options;
  const child = spawn(process.execPath, ['--import', PROBE, ...flags, script, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
  };
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let nextId = 1;
  child.on('message', ({ id, answer }: ProbeAnswer) => {
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    const error = new Error(`${name} ended with ${code ?? signal}: ${lines.join('\n')}`);
    for (const { reject } of waiting.values()) reject(error);
    return error;
  });
  const ask = <Result>(type: ProbeQuestion['type']): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (!child.connected) return reject(new Error(`${name} has ended: ${lines.join('\n')}`));
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      child.send({ id, type });
    });
  createInterface(child.stderr as NodeJS.ReadableStream).on('line', (line) => {
    keep(line);
    onLine?.(line, 'stderr');
  });

  const { url, adminUrl } = await new Promise<{ url: string; adminUrl: string | undefined }>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
    }, START_TIMEOUT_MS);
    void ended.then((error) => {
      clearTimeout(timer);
      reject(error);
    });
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      keep(line);
      onLine?.(line, 'stdout');
      const found = /"url":"([^"]+)"/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve({ url: found, adminUrl: /"admin":"([^"]+)"/.exec(line)?.[1] });
    });
  });

  return {
    name,
    pid: child.pid as number,
    url: new URL(url),
    adminUrl,
    usage: () => ask('usage'),
    collect: () => ask('collect'),
    startProfile: () => ask('startProfile'),
    stopProfile: () => ask('stopProfile'),
    async terminate() {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
