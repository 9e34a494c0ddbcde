import { mintToken } from '@tidings/auth';
import { startHub } from '@tidings/hub';
import { type Clock, createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { readLogLine } from '@tidings/runtime/testing';

const SECRET = 'a secret of this test that is 32 bytes or longer';
export const ORIGIN = 'https://app.example';

/** A deployment to look at, and a token for every topic of it. */
export interface TestDeployment {
  readonly url: string;
  readonly token: string;
  mint(tidings: object, lifetimeSec?: number): Promise<string>;
  stop(): Promise<void>;
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

/** A hub on a free port, on its embedded broker unless `env` names servers. Whoever starts it stops it. */
export async function startDeployment(
  env: NodeJS.ProcessEnv = {},
  clock: Clock = systemClock,
): Promise<TestDeployment> {
  const log = createLogger('hub', 'info', { write: (line) => void readLogLine(line) });
  const settings = loadSettings({
    PORT: '0',
    TIDINGS_ADMIN_PORT: '0',
    TIDINGS_JWT_SECRET: SECRET,
    TIDINGS_ALLOWED_ORIGINS: ORIGIN,
    TIDINGS_HEARTBEAT_MS: '5000',
    TIDINGS_DRAIN_MS: '0',
    ...env,
  });
  const hub = await startHub(settings, log, clock);
  const mint = (tidings: object, lifetimeSec = 3_600): Promise<string> =>
    mintToken(SECRET, { sub: 'operator', tidings }, lifetimeSec, systemClock);
  return { url: hub.url, token: await mint({ subscribe: ['>'], publish: ['>'] }), mint, stop: () => hub.stop() };
}
