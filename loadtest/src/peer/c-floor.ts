import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../server/measured-process.ts';
import { endForeign, foreignProcess, readPort, startForeign } from './foreign-process.ts';
import type { Peer } from './peer.ts';

const execute = promisify(execFile);
const SOURCE = join(ROOT, 'loadtest/floor/broadcast.c');

/** The practical limit: a small program in C, compiled when it is needed. */
export const C_FLOOR: Peer = {
  name: 'C, epoll',

  async findMissing() {
    if (process.platform !== 'linux') return 'epoll is Linux only: run this on Linux';
    try {
      await execute('cc', ['--version']);
      return undefined;
    } catch {
      return 'there is no C compiler: apt-get install gcc libc6-dev';
    }
  },

  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-floor-'));
    const program = join(folder, 'broadcast');
    await execute('cc', ['-O2', '-o', program, SOURCE]);
    const child = startForeign(program, []);
    const port = await readPort(child);
    const target = { port, transport: 'h1', token: 'none', takesPayloads: true } as const;
    return {
      name: C_FLOOR.name,
      streams: target,
      publishing: target,
      opening: 'hub.live',
      process: foreignProcess(child.pid as number),
      others: [],
      async stop() {
        await endForeign(child);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
