import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Blocks lie below the range from which systems take the ports of outgoing connections. Within it, the port of a
 * server that is down for a moment can be taken by any client, even by the very one that tries to come back to it.
 */
const FIRST_PORT = 20_000;
const PORTS_PER_BLOCK = 4;
const BLOCKS = 3_000;
const MOST_TRIES = 100;
const MOST_STARTS = 5;

/** Ports on the loopback address that nobody else takes, also while nothing listens on them. */
export interface PortBlock {
  readonly client: number;
  readonly monitor: number;
  readonly cluster: number;
  release(): void;
}

/**
 * Claims a free block. Its first port is held open as the sign of the claim: every process that takes ports in this
 * way sees it, and it is gone with the process, however that ends.
 */
async function claimPortBlock(): Promise<PortBlock> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const base = FIRST_PORT + PORTS_PER_BLOCK * randomInt(BLOCKS);
    const sign = await listen(base);
    if (sign === undefined) continue;
    const ports = [base + 1, base + 2, base + 3];
    const free = await Promise.all(ports.map(isFree));
    if (!free.includes(false)) {
      return { client: base + 1, monitor: base + 2, cluster: base + 3, release: () => sign.close() };
    }
    sign.close();
  }
  throw new Error(`no free ports in ${MOST_TRIES} tries from ${FIRST_PORT} on`);
}

/** A server found one of its ports taken: somebody who claims in another way was faster. */
export class PortTaken extends Error {}

/** Starts something on fresh blocks, and on others where a port turns out to be taken. */
export async function onFreePorts<T>(count: number, start: (blocks: PortBlock[]) => Promise<T>): Promise<T> {
  for (let starts = 1; ; starts++) {
    const blocks = await Promise.all(Array.from({ length: count }, claimPortBlock));
    try {
      return await start(blocks);
    } catch (error) {
      for (const block of blocks) block.release();
      if (!(error instanceof PortTaken) || starts === MOST_STARTS) throw error;
    }
  }
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server === undefined) return false;
  await new Promise((resolve) => server.close(resolve));
  return true;
}
