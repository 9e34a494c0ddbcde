import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COLOURS = [36, 33, 32, 35, 34, 96, 93, 92];
const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;
const seen = [];

/** Prints a line with the name of who said it; on a terminal each has a colour of its own. */
export function print(name, line) {
  if (!seen.includes(name)) seen.push(name);
  const prefix = `${name.padEnd(7)} |`;
  const colour = COLOURS[seen.indexOf(name) % COLOURS.length];
  process.stdout.write(`${isColoured ? `\x1b[${colour}m${prefix}\x1b[0m` : prefix} ${line}\n`);
}

/** The port when nobody has it, else 0. */
export function preferPort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(0));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

/**
 * The Node programs of one command, each line of theirs printed with its name.
 * @param {(name: string, how: string) => void} onDeath told of one that ended though nobody asked it to.
 */
export function createChildren(onDeath) {
  const running = new Map();
  let stopping = false;

  function launch(name, args, env, onLine) {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Of its own group: a Ctrl-C in the terminal is for the command, which ends its children in order.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        print(name, line);
        onLine?.(line);
      });
    }
    const ended = new Promise((resolve) => {
      // `close` and not `exit`: its last words come first.
      child.once('close', (code, signal) => resolve(signal ? `was ended by ${signal}` : `exited with ${code}`));
      child.once('error', (error) => resolve(`could not be run: ${error.message}`));
    }).finally(() => running.delete(child));
    running.set(child, ended);
    return { child, ended };
  }

  return {
    /** Runs a program to its end. @throws Error when that is not a good one. */
    async run(name, args, env) {
      const how = await launch(name, args, env).ended;
      if (how !== 'exited with 0') throw new Error(`${name} ${how}`);
    },

    /**
     * Starts a service; resolves when it logs where it listens, with its `name`, `url`, `adminUrl`, `node`, `pid`, and `end`, which
     * sends it a signal and resolves when it is gone.
     */
    start(name, args, env) {
      return new Promise((resolve, reject) => {
        let isAskedTo = false;
        const { child, ended } = launch(name, args, env, (line) => {
          const [, url, adminUrl, node] = /"url":"([^"]+)","admin":"([^"]+)","node":"([^"]+)"/.exec(line) ?? [];
          if (url === undefined) return;
          const end = async (signal) => {
            isAskedTo = true;
            child.kill(signal);
            await ended;
          };
          resolve({ name, url, adminUrl, node, pid: child.pid, end });
        });
        void ended.then((how) => {
          reject(new Error(`${name} ${how}`));
          if (!stopping && !isAskedTo) onDeath(name, how);
        });
      });
    },

    /** Asks all to end; resolves when they have. */
    async stop() {
      stopping = true;
      for (const child of running.keys()) child.kill('SIGTERM');
      await Promise.all(running.values());
    },

    /** Ends all at once, without a word. */
    kill() {
      for (const child of running.keys()) child.kill('SIGKILL');
    },
  };
}
