import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { vi } from 'vitest';
import { findProgram } from '../scripts/programs/find.mjs';

const execute = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
// It refuses to run as root; this is nobody, on every system.
const NOBODY = 65_534;
const WAIT = { timeout: 30_000, interval: 50 };

/** A PostgreSQL server of a test, with an empty database. */
export interface Postgres {
  /** As its clients read them. */
  readonly env: Readonly<Record<string, string>>;
  connect(): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** The folder with its programs: of `POSTGRESQL`, of PATH, of Debian's packages, of the cache, of the package registry. */
async function findFolder(): Promise<string> {
  if (!process.env.POSTGRESQL) {
    const path = (process.env.PATH ?? '').split(delimiter);
    const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((one, other) => Number(other) - Number(one)) : [];
    const found = [...path, ...versions.map((version) => join(DEBIAN, version, 'bin'))]
      .map((folder) => join(folder, 'postgres'))
      .filter((program) => existsSync(program))
      .map((program) => dirname(realpathSync(program)))
      .find((folder) => existsSync(join(folder, 'initdb')));
    if (found !== undefined) return found;
  }
  return join(await findProgram('postgresql'), 'bin');
}

/** Starts one on a free port of this machine. @throws Error where none is found, with what to do. */
export async function startPostgres(): Promise<Postgres> {
  const scratch = mkdtempSync(join(tmpdir(), 'tidings-postgres-'));
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) chownSync(scratch, NOBODY, NOBODY);
  let programs = await findFolder();
  if (isRoot && programs.startsWith('/root')) {
    cpSync(dirname(programs), join(scratch, 'programs'), { recursive: true, verbatimSymlinks: true });
    programs = join(scratch, 'programs', 'bin');
  }
  const data = join(scratch, 'data');
  const port = await freePort();
  const options = { ...user, cwd: scratch, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } };
  await execute(join(programs, 'initdb'), ['-D', data, '-U', 'tidings', '-A', 'trust', '-E', 'UTF8', '-N'], options);
  const settings = ['-h', '127.0.0.1', '-p', `${port}`, '-k', scratch, '-F'];
  const child = spawn(join(programs, 'postgres'), ['-D', data, ...settings], { ...options, stdio: 'ignore' });
  const gone = once(child, 'close');
  const env = { PGHOST: '127.0.0.1', PGPORT: `${port}`, PGUSER: 'tidings', PGDATABASE: 'postgres' };
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ host: env.PGHOST, port, user: env.PGUSER, database: env.PGDATABASE });
    await client.connect();
    return client;
  };
  await vi.waitFor(async () => (await connect()).end(), WAIT);
  return {
    env,
    connect,
    async stop() {
      child.kill('SIGINT');
      await gone;
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
