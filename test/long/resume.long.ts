import { setTimeout as pause } from 'node:timers/promises';
import { askJetStream } from '@tidings/broker/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { type Site, startSite } from '../../loadtest/src/chaos/site.ts';
import { type CaughtUp, catchUp, SENTINEL } from './backlog-reader.ts';

const TOPICS = 100;
const BATCH = 500;
const COUNTED_MS = 12_000;

let site: Site;
/** Have been fed everything since the start: one with room for all of it, one that keeps next to nothing. */
let roomy: Service;
let narrow: Service;

beforeAll(async () => {
  site = await startSite({ edges: 1, env: { TIDINGS_RING_MAX_BYTES: '67108864' } });
  roomy = site.edges[0] as Service;
  narrow = await site.startEdge({ env: { TIDINGS_RING_MAX_BYTES: '1000000' } });
});

afterAll(() => site.remove());

const headers = (): Record<string, string> => ({
  authorization: `Bearer ${site.token}`,
  'content-type': 'application/json',
});

async function publish(area: string, count: number, bytes: number): Promise<void> {
  const data = SENTINEL.padStart(bytes, 'x');
  for (let from = 0; from < count; from += BATCH) {
    const body = Array.from({ length: Math.min(BATCH, count - from) }, (_, place) => ({
      topic: `${area}.${(from + place) % TOPICS}`,
      data,
    }));
    const answer = await fetch(`${site.ingestUrl()}/v1/events`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(202);
    await answer.arrayBuffer();
  }
}

async function positionOf(edge: Service): Promise<string> {
  const answer = await fetch(`${edge.url}/v1/position`, { headers: headers() });
  return ((await answer.json()) as { cursor: string }).cursor;
}

const resume = (edge: Service, topic: string, cursor: string, backlog: number): Promise<CaughtUp> =>
  catchUp({ edgeUrl: edge.url, topic, token: site.token, cursor, backlog });

/** Reads a number off a service's metrics. */
async function metric(service: Service, name: string): Promise<number> {
  const text = await (await fetch(`${service.adminUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

const rssMb = async (service: Service): Promise<number> =>
  Math.round((await metric(service, 'process_resident_memory_bytes')) / 1e6);

describe('who comes back with a backlog', () => {
  test('of 10,000 events is live on another edge within a second', async () => {
    const cursor = await positionOf(roomy);
    await publish('long', 10_000, 200);
    const { events, ms } = await resume(roomy, 'long.*', cursor, 10_000);
    console.log(`10,000 events from the ring: live after ${Math.round(ms)} ms`);
    expect(events).toBe(10_000);
    expect(ms).toBeLessThan(1_000);
    const other = await resume(narrow, 'long.*', cursor, 10_000);
    console.log(`10,000 events from history: live after ${Math.round(other.ms)} ms`);
    expect(other.events).toBe(10_000);
    expect(other.ms).toBeLessThan(5_000);
  });

  test('of 1,000 events is live within 10 s when 1,000 come at once, from the ring', async () => {
    const cursor = await positionOf(roomy);
    await publish('many', 1_000, 200);
    const startMs = performance.now();
    const all = await Promise.all(Array.from({ length: 1_000 }, () => resume(roomy, 'many.*', cursor, 1_000)));
    const ms = performance.now() - startMs;
    console.log(
      `1,000 clients with 1,000 events each from the ring: ${Math.round(ms)} ms; edge ${await rssMb(roomy)} MB`,
    );
    expect(new Set(all.map(({ events }) => events))).toEqual(new Set([1_000]));
    expect(ms).toBeLessThan(10_000);
  });

  test('of 1,000 events beyond the ring gets them from history when 200 come at once, in bounded memory', async () => {
    const cursor = await positionOf(narrow);
    await publish('far', 1_000, 1_000);
    // Pushes them out of the ring.
    await publish('filler', 1_500, 1_000);
    const before = await rssMb(narrow);
    const startMs = performance.now();
    const all = await Promise.all(Array.from({ length: 200 }, () => resume(narrow, 'far.*', cursor, 1_000)));
    const ms = performance.now() - startMs;
    const after = await rssMb(narrow);
    console.log(
      `200 clients with 1,000 events each from history: ${Math.round(ms)} ms; edge ${before}, then ${after} MB`,
    );
    expect(new Set(all.map(({ events }) => events))).toEqual(new Set([1_000]));
    expect(ms).toBeLessThan(60_000);
    expect(after).toBeLessThan(before + 500);
  });
});

describe('what a publish costs the nats-servers', () => {
  interface Cost {
    readonly stored: number;
    readonly received: number;
    readonly sent: number;
  }

  async function totals(): Promise<Cost> {
    const info = await askJetStream(site.cluster.urls[0] as string, '$JS.API.STREAM.INFO.EVT_0');
    const pages = await Promise.all(
      site.cluster.servers.map(
        async ({ monitorUrl }) =>
          (await (await fetch(`${monitorUrl}/varz`)).json()) as { in_msgs: number; out_msgs: number },
      ),
    );
    return {
      stored: (info.state as { messages: number }).messages,
      received: pages.reduce((sum, page) => sum + page.in_msgs, 0),
      sent: pages.reduce((sum, page) => sum + page.out_msgs, 0),
    };
  }

  async function costOf(subscribers: number): Promise<Cost> {
    const streams = new AbortController();
    const query = 'topic=cost.*';
    for (let place = 0; place < subscribers; place += 1) {
      const { url } = place % 2 === 0 ? roomy : narrow;
      const answer = await fetch(`${url}/v1/stream?${query}`, { headers: headers(), signal: streams.signal });
      void answer.body?.pipeTo(new WritableStream()).catch(() => {});
    }
    const delivered = async (): Promise<number> =>
      (await metric(roomy, 'tidings_events_delivered_total')) +
      (await metric(narrow, 'tidings_events_delivered_total'));
    const [before, deliveredBefore] = [await totals(), await delivered()];
    // What the servers say among themselves goes on by the clock: both counts are of the same time.
    const counted = pause(COUNTED_MS);
    await publish('cost', 2_000, 200);
    await expect.poll(delivered, { timeout: 20_000 }).toBe(deliveredBefore + 2_000 * subscribers);
    await counted;
    const after = await totals();
    streams.abort();
    return {
      stored: after.stored - before.stored,
      received: after.received - before.received,
      sent: after.sent - before.sent,
    };
  }

  test('is one stored message, and no more messages for 200 subscribers on two edges than for 2', async () => {
    const [few, many] = [await costOf(2), await costOf(200)];
    console.log(`2,000 publishes, 2 subscribers: ${JSON.stringify(few)}; 200: ${JSON.stringify(many)}`);
    expect([few.stored, many.stored]).toEqual([2_000, 2_000]);
    expect(many.sent).toBeLessThan(few.sent * 1.2);
    expect(many.received).toBeLessThan(few.received * 1.2);
  });
});
