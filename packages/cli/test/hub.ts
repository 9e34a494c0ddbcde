import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';

export const SECRET = 'a secret of this test that is 32 bytes or longer';

/** A hub for all cases of a file, on a port that stays the same when it is started again. */
export interface TestHub {
  /** For the commands: where it is, and the token of an admin who may do everything. */
  readonly env: NodeJS.ProcessEnv;
  token(claims: object, lifetimeSec?: number): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startTestHub(settings: NodeJS.ProcessEnv = {}): Promise<TestHub> {
  const log = createLogger('hub', 'fatal', { write() {} });
  let port = '0';
  let hub: Hub;

  async function start(): Promise<void> {
    const env = { PORT: port, TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...settings };
    hub = await startHub(loadSettings(env), log);
    port = new URL(hub.url).port;
  }

  const token = (tidings: object, lifetimeSec = 3_600): Promise<string> =>
    mintToken(SECRET, { sub: 'ops', tidings }, lifetimeSec, systemClock);

  await start();
  const admin = await token({ subscribe: ['>'], publish: ['>'], admin: true });
  return {
    env: { TIDINGS_URL: `http://127.0.0.1:${port}`, TIDINGS_TOKEN: admin },
    token,
    stop: () => hub.stop(),
    start,
  };
}
