import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { readForeignUsage } from '../server/foreign-usage.ts';
import type { Subject } from '../server/subject.ts';

/** Starts a program that is not Node's. It ends with this process. */
export function startForeign(path: string, args: readonly string[]): ChildProcess {
  const child = spawn(path, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
  return child;
}

/** Resolves with the port that it prints; as the servers of this suite do. */
export function readPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`it ended with ${code}`)));
    createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const url = /"url":"([^"]+)"/.exec(line)?.[1];
      if (url !== undefined) resolve(Number(new URL(url).port));
    });
  });
}

export async function endForeign(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}

/** What can be measured of such a process. @throws Error where the kernel has no /proc. */
export function foreignProcess(pid: number): Subject['process'] {
  const refuse = async (): Promise<never> => {
    throw new Error('only a server on Node can be profiled');
  };
  return {
    async usage() {
      const usage = readForeignUsage(pid);
      if (usage === undefined) throw new Error(`/proc/${pid} can not be read: this comparison needs Linux`);
      return usage;
    },
    collect: async () => {},
    startProfile: refuse,
    stopProfile: refuse,
  };
}
