import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, type HostedService, loadSettings, type Settings, systemClock } from '@tidings/runtime';
import { readLogLine } from '@tidings/runtime/testing';
import { startIngest } from '../../../../services/ingest/src/ingest.ts';
import { readHistory, type Stored } from './history.ts';

const SECRET = 'a secret of this test that is 32 bytes or longer';

export const mint = (publish: readonly string[] = ['>'], lifetimeSec = 3_600): Promise<string> =>
  mintToken(SECRET, { sub: 'alice', tidings: { publish, subscribe: ['>'] } }, lifetimeSec, systemClock);

const settingsOf = (env: NodeJS.ProcessEnv): Settings =>
  loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...env });
const log = createLogger('sdk-test', 'info', { write: readLogLine });

/** A hub on free ports. Whoever starts it stops it. */
export const startTestHub = (env: NodeJS.ProcessEnv = {}): Promise<Hub> => startHub(settingsOf(env), log);

/** An ingest alone, on the port and the nats-server of `env`. Whoever starts it stops it. */
export const startTestIngest = (env: NodeJS.ProcessEnv): Promise<HostedService> => startIngest(settingsOf(env), log);

/** All that a hub keeps of a topic or pattern, in its order. */
export const readStored = async (hub: Hub, topic: string): Promise<Stored[]> =>
  readHistory(hub.url, await mint(), topic);
