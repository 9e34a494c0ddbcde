import { findFreePort } from '@tidings/runtime/testing';
import { createPublisher } from '@tidings/sdk/publisher';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { readHistory } from '../../packages/sdk/test/publisher/history.ts';

const STREAMS = 5;
const LINES = 6_000;
const KILLS = 8;
const BULK = 10_000;

let site: Site;
let port: string;
let ingest: Service;

const start = (): Promise<Service> => site.startIngest({ apart: true, env: { PORT: port } });

beforeAll(async () => {
  site = await startSite({ edges: 1, ingests: 1 });
  port = `${await findFreePort()}`;
  ingest = await start();
});

afterAll(() => site?.remove());

test('streams and batches are stored once and in order while their ingest is killed and leaders of the log die', async () => {
  const publisher = createPublisher({ url: ingest.url, token: site.token });
  let written = 0;
  let stored = 0;
  async function* lines(): AsyncGenerator<number> {
    for (let number = 0; number < LINES; number += 1) {
      written += 1;
      yield number;
    }
  }
  const streams = Array.from({ length: STREAMS }, (_, place) => publisher.pipe(`stream.${place}`, lines()));
  const bulk = (async () => {
    const numbers = Array.from({ length: BULK }, (_, number) => number);
    for (let from = 0; from < BULK; from += 2_000) {
      const batch = numbers.slice(from, from + 2_000);
      const results = await publisher.publishMany(batch.map((data) => ({ topic: `bulk.${data % 10}`, data })));
      expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
      stored += results.length;
    }
  })();
  const publishing = Promise.all([...streams, bulk]);

  const kills = (async () => {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const due = (kill / (KILLS + 1)) * STREAMS * LINES;
      await expect.poll(() => written >= due, { timeout: 60_000, interval: 5 }).toBe(true);
      await ingest.kill();
      if (kill % 4 === 0) {
        const leader = await site.cluster.streamLeader('EVT_0');
        await leader?.kill();
        await leader?.restart();
      }
      ingest = await start();
    }
  })();
  await Promise.all([publishing, kills]);

  const url = site.edgeUrl() as string;
  for (let place = 0; place < STREAMS; place += 1) {
    const data = (await readHistory(url, site.token, `stream.${place}`)).map((event) => event.data);
    expect(data).toEqual([...Array.from({ length: LINES }, (_, number) => number), null]);
  }
  const data = (await readHistory(url, site.token, 'bulk.*')).map((event) => event.data as number);
  expect(data.length).toBe(stored);
  expect(new Set(data).size).toBe(BULK);
  for (let topic = 0; topic < 10; topic += 1) {
    const own = data.filter((number) => number % 10 === topic);
    expect(own).toEqual(own.toSorted((one, other) => one - other));
  }
});
