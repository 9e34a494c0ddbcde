import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
// The files themselves: loading all of their packages takes longer than the tests.
import { mintToken } from '../../auth/src/mint.ts';
import { type Clock, systemClock } from '../../runtime/src/clock.ts';

const HOST = fileURLToPath(new URL('./hub-host.mjs', import.meta.url));
const SECRET = 'a secret of this test that is 32 bytes or longer';
export const ORIGIN = 'https://app.example';

/** A hub to look at, and a token for every topic of it. */
export interface TestHub {
  readonly url: string;
  readonly token: string;
}

/** Hubs that share their keys, in one process. Whoever starts it stops it. */
export interface HubHost {
  /** One more, on a free port; its durations pass `factor` times as fast. */
  start(env?: NodeJS.ProcessEnv, factor?: number): Promise<TestHub>;
  stop(): Promise<void>;
}

export const mint = (tidings: object, lifetimeSec = 3_600): Promise<string> =>
  mintToken(SECRET, { sub: 'operator', tidings }, lifetimeSec, systemClock);

export function startHubHost(): HubHost {
  const child: ChildProcess = fork(HOST, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let count = 0;
  return {
    async start(env = {}, factor = 1) {
      const id = ++count;
      const base = { PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_DRAIN_MS: '0', TIDINGS_HEARTBEAT_MS: '5000' };
      child.send({ id, factor, env: { ...base, TIDINGS_JWT_SECRET: SECRET, TIDINGS_ALLOWED_ORIGINS: ORIGIN, ...env } });
      const url = await new Promise<string>((resolve, reject) => {
        child.on('message', (answer: { id: number; url?: string; error?: string }) => {
          if (answer.id !== id) return;
          if (answer.url === undefined) reject(new Error(answer.error));
          else resolve(answer.url);
        });
        child.once('exit', () => reject(new Error('the process of the hubs has ended')));
      });
      return { url, token: await mint({ subscribe: ['>'], publish: ['>'] }) };
    },
    async stop() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

/** A clock whose durations pass `factor` times as fast; the time of day is that of the machine. */
export function createFastClock(factor: number): Clock {
  return {
    now: () => systemClock.now(),
    elapsed: () => systemClock.elapsed() * factor,
    after: (delayMs, run) => systemClock.after(delayMs / factor, run),
    every: (periodMs, run) => systemClock.every(periodMs / factor, run),
  };
}
