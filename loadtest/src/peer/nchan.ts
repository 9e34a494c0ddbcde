import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endForeign, foreignProcess, startForeign } from './foreign-process.ts';
import type { Peer } from './peer.ts';

const MODULES = ['/usr/lib/nginx/modules', '/usr/lib64/nginx/modules', '/usr/local/lib/nginx/modules'];
const MODULE = 'ngx_nchan_module.so';
const REMEDY = 'apt-get install --no-install-recommends nginx libnginx-mod-nchan';
const TRIES = 100;

const findNginx = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
    .map((folder) => join(folder, 'nginx'))
    .find((path) => existsSync(path));
const findModule = (): string | undefined =>
  MODULES.map((folder) => join(folder, MODULE)).find((path) => existsSync(path));

/** nginx with its module for publishing and subscribing, in C; one worker. */
export const NCHAN: Peer = {
  name: 'nchan',

  async findMissing() {
    if (findNginx() === undefined) return `there is no nginx on PATH: ${REMEDY}`;
    if (findModule() === undefined) return `nginx has no ${MODULE}: ${REMEDY}`;
    return undefined;
  },

  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-nchan-'));
    const port = await findFreePort();
    const config = join(folder, 'nginx.conf');
    writeFileSync(config, configure(findModule() as string, folder, port));
    const child = startForeign(findNginx() as string, ['-p', folder, '-c', config, '-e', join(folder, 'error.log')]);
    await waitForPort(port);
    const worker = await findWorker(child.pid as number);
    const target = { port, transport: 'h1', token: 'none', takesPayloads: true } as const;
    return {
      name: NCHAN.name,
      streams: target,
      publishing: target,
      // It greets with a comment.
      opening: ': hi',
      process: foreignProcess(worker),
      others: [],
      async stop() {
        await endForeign(child, 'SIGTERM');
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

function configure(module: string, folder: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(folder, kind)};`)
    .join('\n');
  return `load_module ${module};
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile 20000;
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} error;
events { worker_connections 19000; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_requests 1000000;
${temporary}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = /v1/stream { nchan_subscriber eventsource; nchan_channel_id bench; }
    location = /v1/events { nchan_publisher http; nchan_channel_id bench; }
  }
}
`;
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function waitForPort(port: number): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.on('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nginx does not listen on ${port}`);
}

// The master only watches: its child does the work.
async function findWorker(master: number): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const [worker] = readFileSync(`/proc/${master}/task/${master}/children`, 'latin1').trim().split(' ');
    if (worker !== undefined && worker !== '') return Number(worker);
    await sleep(50);
  }
  throw new Error('nginx has no worker');
}
