import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { ROOT } from '../hub-process.ts';

/** `npm run dev:cluster` as a user runs it. */
export interface DevCluster {
  /** Of its own, for temporary files. */
  readonly folder: string;
  /** Resolves with its exit code. */
  readonly closed: Promise<number | null>;
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Everything it printed. */
  output(): string;
  /** Resolves when it has printed a word. */
  says(word: string): Promise<void>;
  /** The processes that it names, by their names. */
  pids(): Map<string, number>;
}

/** Starts it; it ends with the test. */
export function startDevCluster(): DevCluster {
  const folder = mkdtempSync(join(tmpdir(), 'dev-cluster-'));
  const child = spawn('npm', ['run', 'dev:cluster'], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: folder },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  child.stderr.on('data', (bytes) => {
    output += bytes;
  });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (!hasEnded && child.pid !== undefined) process.kill(-child.pid, signal);
    return closed;
  };
  onTestFinished(async () => {
    await stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    closed,
    stop,
    output: () => output,
    async says(word) {
      await expect.poll(() => output, { timeout: 60_000 }).toContain(word);
    },
    pids: () =>
      new Map(
        [...output.matchAll(/^(\S+) +\S+ \(pid (\d+)(?:, node \S+)?\)$/gm)].map(([, name, pid]) => [
          name as string,
          Number(pid),
        ]),
      ),
  };
}
