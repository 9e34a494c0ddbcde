import { mintToken } from '@tidings/auth';
import { askJetStream, type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { systemClock } from '@tidings/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../../loadtest/src/chaos/service.ts';

const SECRET = 'a secret of the long tests of 32 bytes or more';
const PAYLOAD = 'x'.repeat(10_000);
const MAX_BYTES = 500_000;

let nats: NatsServer;
let ingest: Service;
let edge: Service;
let headers: Record<string, string>;

beforeAll(async () => {
  nats = await startNatsServer();
  const env = { TIDINGS_JWT_SECRET: SECRET, TIDINGS_NATS_URL: nats.url };
  ingest = await startService({ name: 'ingest', script: 'services/ingest/dist/main.js', env });
  edge = await startService({ name: 'edge', script: 'services/edge/dist/main.js', env });
  const tidings = { subscribe: ['>'], publish: ['>'] };
  const token = await mintToken(SECRET, { sub: 'full', tidings }, 3_600, systemClock);
  headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
});

afterAll(async () => {
  await Promise.all([ingest.kill(), edge.kill()]);
  await nats.remove();
});

interface Answer {
  readonly status: number;
  readonly results: readonly { readonly status: number; readonly duplicate?: true }[];
}

async function publish(ids: readonly number[]): Promise<Answer> {
  const body = JSON.stringify(ids.map((id) => ({ topic: `full.${id % 10}`, data: PAYLOAD, id: `${id}` })));
  const answer = await fetch(`${ingest.url}/v1/events`, { method: 'POST', headers, body });
  const { results = [] } = (await answer.json()) as Partial<Answer>;
  return { status: answer.status, results };
}

async function change(config: object): Promise<void> {
  const info = await askJetStream(nats.url, '$JS.API.STREAM.INFO.EVT_0');
  await askJetStream(nats.url, '$JS.API.STREAM.UPDATE.EVT_0', { ...(info.config as object), ...config });
}

async function history(): Promise<number> {
  const answer = await fetch(`${edge.url}/v1/topics/${encodeURIComponent('full.*')}/events?limit=1000`, { headers });
  return ((await answer.json()) as { events: unknown[] }).events.length;
}

test('a full store refuses publishers with 503 or 507, keeps what it accepted, and takes the rest once there is room', async () => {
  await change({ discard: 'new', max_bytes: MAX_BYTES });
  const refused: number[] = [];
  let accepted = 0;
  for (let batch = 0; batch < 10; batch += 1) {
    const ids = Array.from({ length: 10 }, (_, place) => batch * 10 + place);
    const { status, results } = await publish(ids);
    expect([202, 207, 503, 507]).toContain(status);
    expect(results).toHaveLength(10);
    for (const [place, result] of results.entries()) {
      if (result.status === 202) accepted += 1;
      else {
        expect([503, 507]).toContain(result.status);
        refused.push(ids[place] as number);
      }
    }
  }
  console.log(
    `a store of ${MAX_BYTES} bytes took ${accepted} events of ${PAYLOAD.length}, and refused ${refused.length}`,
  );
  expect(accepted).toBeGreaterThan(10);
  expect(refused.length).toBeGreaterThan(10);
  await expect.poll(history).toBe(accepted);

  await change({ max_bytes: 10 * MAX_BYTES });
  const again = await publish(refused);
  expect(again.status).toBe(202);
  expect(again.results.filter(({ duplicate }) => duplicate)).toEqual([]);
  await expect.poll(history).toBe(100);
});
