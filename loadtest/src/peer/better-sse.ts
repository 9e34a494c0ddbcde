import { startMeasured } from '../server/measured-process.ts';
import type { Peer } from './peer.ts';

// By a name that no tool reads: it is no dependency, and only who compares has it.
const PACKAGE: string = 'better-sse';

/** A library for Node that many use: sessions and a channel, on Node's own HTTP server. */
export const BETTER_SSE: Peer = {
  name: PACKAGE,

  async findMissing() {
    try {
      import.meta.resolve(PACKAGE);
      return undefined;
    } catch {
      return 'it is not installed: npm install --no-save better-sse';
    }
  },

  async start() {
    const process = await startMeasured({
      name: BETTER_SSE.name,
      script: 'loadtest/dist/peer/better-sse-server.js',
      env: {},
      flags: ['--expose-gc'],
    });
    const target = { port: Number(process.url.port), transport: 'h1', token: 'none', takesPayloads: true } as const;
    return {
      name: BETTER_SSE.name,
      streams: target,
      publishing: target,
      opening: '\r\n\r\n',
      process,
      others: [],
      stop: () => process.stop(),
    };
  },
};
