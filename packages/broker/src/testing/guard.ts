import { spawn } from 'node:child_process';

/** Ends the server that `pid` in the folder names, then removes the folder; unless it is told first that all is well. */
const SCRIPT = `read -r word
[ "$word" = removed ] && exit 0
for try in 1 2 3 4 5 6 7 8 9 10; do
  [ -f "$1/pid" ] && kill -9 "$(cat "$1/pid")" 2>/dev/null
  rm -rf -- "$1" 2>/dev/null
  [ -e "$1" ] || exit 0
  sleep 0.1
done`;

/**
 * Watches over a server for as long as this process lives: when it dies, even by SIGKILL, the pipe between them closes,
 * and the guard ends the server and removes its folder. Gives back what to call once the folder is gone.
 */
export function guardFolder(folder: string): () => void {
  // Of its own group: a Ctrl-C goes to the whole group of the terminal, and the guard has to outlive that.
  const guard = spawn('sh', ['-c', SCRIPT, 'nats-server-guard', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const line = guard.stdin;
  // Without a shell there is no guard, and nothing else is lost.
  guard.on('error', () => undefined);
  line.on('error', () => undefined);
  guard.unref();
  (line as unknown as { unref(): void }).unref();
  return () => line.end('removed\n');
}
