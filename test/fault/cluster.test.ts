import { askJetStream } from '@tidings/broker/testing';
import { describe, expect, test } from 'vitest';
import { createMutingProxy } from './muting-proxy.ts';
import { flow, provideSite, verdictOf } from './site-runs.ts';

const runs = provideSite();

describe('every event arrives once and in order, or the stream says so, when', () => {
  test('an edge is killed under its streams', async () => {
    const run = await runs.start();
    await flow(run, 200);
    await runs.site.edges[0]?.kill();
    await flow(run, 200);
    const counts = await verdictOf(run, runs.site);
    expect(counts.reconnects).toBeGreaterThan(0);
    await runs.site.startEdge();
  });

  test('the ingest is killed between store and answer: the same id again is stored once', async () => {
    const [server] = runs.site.cluster.servers;
    const proxy = await createMutingProxy(server?.port as number);
    const env = { TIDINGS_NATS_URL: `nats://127.0.0.1:${proxy.port}` };
    const ingest = await runs.site.startIngest({ env, apart: true });
    const publish = async (url: string | undefined): Promise<Record<string, unknown>> => {
      const headers = { authorization: `Bearer ${runs.site.token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ topic: 'once', data: 'paid', id: 'order-42' });
      const answer = await fetch(`${url}/v1/events`, { method: 'POST', headers, body });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    const stored = async (): Promise<unknown> => {
      const info = await askJetStream(server?.url as string, '$JS.API.STREAM.INFO.EVT_0', { subjects_filter: '>' });
      const { subjects = {} } = info.state as { subjects?: Record<string, number> };
      return Object.entries(subjects).find(([subject]) => subject.endsWith('.once'))?.[1];
    };

    proxy.mute();
    const cut = publish(ingest.url);
    cut.catch(() => {});
    await expect.poll(stored).toBe(1);
    await ingest.kill();
    await expect(cut).rejects.toThrow();
    expect(await publish(runs.site.ingestUrl())).toMatchObject({ status: 202, duplicate: true });
    expect(await stored()).toBe(1);
    proxy.close();
  });
});
