import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, type HostedService, loadSettings, type Settings, systemClock } from '@tidings/runtime';
import { readLogLine } from '@tidings/runtime/testing';
import { startIngest } from '../../../../services/ingest/src/ingest.ts';

export const SECRET = 'a secret of this test that is 32 bytes or longer';

export const mint = (publish: readonly string[] = ['>'], lifetimeSec = 3_600): Promise<string> =>
  mintToken(SECRET, { sub: 'alice', tidings: { publish, subscribe: ['>'] } }, lifetimeSec, systemClock);

const settingsOf = (env: NodeJS.ProcessEnv): Settings =>
  loadSettings({ PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...env });
const log = createLogger('sdk-test', 'info', { write: readLogLine });

/** A hub on free ports. Whoever starts it stops it. */
export const startTestHub = (env: NodeJS.ProcessEnv = {}): Promise<Hub> => startHub(settingsOf(env), log);

/** An ingest alone, on the port and the nats-server of `env`. Whoever starts it stops it. */
export const startTestIngest = (env: NodeJS.ProcessEnv): Promise<HostedService> => startIngest(settingsOf(env), log);

/** An event as history has it. */
export interface Stored {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly data: unknown;
}

/** All that is kept of a topic or pattern, in its order. */
export async function readHistory(hub: Hub, topic: string): Promise<Stored[]> {
  const headers = { authorization: `Bearer ${await mint()}` };
  const all: Stored[] = [];
  for (let after = ''; ; ) {
    const url = `${hub.url}/v1/topics/${encodeURIComponent(topic)}/events?limit=1000${after && `&after=${after}`}`;
    const answer = await fetch(url, { headers });
    if (!answer.ok) throw new Error(await answer.text());
    const { events, next } = (await answer.json()) as { events: Stored[]; next: string };
    if (events.length === 0) return all;
    all.push(...events);
    after = next;
  }
}
