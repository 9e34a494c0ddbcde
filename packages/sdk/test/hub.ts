import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { request } from '@tidings/runtime/testing';
import { onTestFinished } from 'vitest';

const SECRET = 'a secret of this test that is 32 bytes or longer';

/** A hub on a port that stays the same when it is started again, with tokens and publishing. */
export interface TestHub {
  readonly url: string;
  readonly hub: Hub;
  token(subscribe: readonly string[], lifetimeSec?: number): Promise<string>;
  /** Publishes events, each with a number as its data. */
  publish(topic: string, ...data: unknown[]): Promise<void>;
  /** Publishes the final event of a finite topic. */
  finish(topic: string, data: unknown): Promise<void>;
  /** How many events history has of a topic, 1,000 at the most. */
  count(topic: string): Promise<number>;
  /** How many streams are open. */
  streams(): Promise<number>;
  /** The topics of each. */
  topics(): Promise<string[][]>;
  /** How long each has been open, in ms. */
  ages(): Promise<number[]>;
  /** A ticket in the place of a token. */
  ticket(subscribe: readonly string[]): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startTestHub(env: NodeJS.ProcessEnv = {}): Promise<TestHub> {
  const log = createLogger('hub', 'fatal', { write() {} });
  let port = '0';
  let hub: Hub;
  const publisher = await mint({ publish: ['>'], admin: true });
  const authorization = `Bearer ${publisher}`;

  async function start(): Promise<void> {
    const settings = loadSettings({ PORT: port, TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, ...env });
    hub = await startHub(settings, log);
    port = new URL(hub.url).port;
  }

  function mint(tidings: object, lifetimeSec = 3_600): Promise<string> {
    return mintToken(SECRET, { sub: 'alice', tidings }, lifetimeSec, systemClock);
  }

  async function send(events: readonly object[]): Promise<void> {
    const headers = { authorization, 'content-type': 'application/json' };
    const { status } = await request(`${hub.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) });
    if (status !== 202) throw new Error(`publishing was answered with ${status}`);
  }

  async function sessions(): Promise<{ topics: string[]; since: string }[]> {
    const answer = await request(`${hub.url}/v1/sessions`, { headers: { authorization } });
    return ((await answer.json()) as { sessions: { topics: string[]; since: string }[] }).sessions;
  }

  await start();
  onTestFinished(() => hub.stop());
  return {
    get url() {
      return hub.url;
    },
    get hub() {
      return hub;
    },
    token: (subscribe, lifetimeSec) => mint({ subscribe }, lifetimeSec),
    publish: (topic, ...data) => send(data.map((each) => ({ topic, data: each }))),
    finish: (topic, data) => send([{ topic, data, final: true }]),
    async count(topic) {
      const headers = { authorization: `Bearer ${await mint({ subscribe: [topic] })}` };
      const answer = await request(`${hub.url}/v1/topics/${topic}/events?limit=1000`, { headers });
      return ((await answer.json()) as { events: unknown[] }).events.length;
    },
    streams: async () => (await sessions()).length,
    topics: async () => (await sessions()).map(({ topics }) => topics),
    ages: async () => (await sessions()).map(({ since }) => Date.now() - Date.parse(since)),
    async ticket(subscribe) {
      const headers = { authorization: `Bearer ${await mint({ subscribe })}` };
      const answer = await request(`${hub.url}/v1/tickets`, { method: 'POST', headers });
      return ((await answer.json()) as { ticket: string }).ticket;
    },
    stop: () => hub.stop(),
    start,
  };
}
