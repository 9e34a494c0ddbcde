import { type ChildProcess, spawn } from 'node:child_process';

// Ends the process when the pipe from this one closes, however this one ended.
const SCRIPT = 'read -r word; kill -9 "$1" 2>/dev/null';

/** Has a process end with this one, even when this one is killed. */
export function guard({ pid }: ChildProcess): void {
  const watcher = spawn('sh', ['-c', SCRIPT, 'process-guard', `${pid}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.on('error', () => {});
  watcher.stdin.on('error', () => {});
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}
