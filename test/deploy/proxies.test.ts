import { mintToken } from '@tidings/auth';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { createLogger, type HostedService, loadSettings, systemClock } from '@tidings/runtime';
import { findFreePort } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEdge } from '../../services/edge/src/edge-service.ts';
import { startIngest } from '../../services/ingest/src/ingest.ts';
import { ADDRESSES, EDGES, type EdgeName, type ServiceName } from './proxied-site.ts';
import { createVisitor, follow, type StreamSite, type Visitor } from './proxied-streams.ts';
import { type ProxyProcess, startProxy } from './proxy-process.ts';

// One of the four, and what shows most, with the services in this process: proxies.long.ts has all of it.
const SECRET = 'a secret of this test that is 32 bytes or longer';

let nats: NatsServer;
let proxy: ProxyProcess;
let visitor: Visitor;
const services = new Map<ServiceName, HostedService>();
const site: StreamSite = {
  token: (user = 'alice', admin = false) =>
    mintToken(SECRET, { sub: user, tidings: { subscribe: ['>'], publish: ['>'], admin } }, 3_600, systemClock),
  edgeOf: (session) => EDGES.find((name) => session.startsWith(`${services.get(name)?.node}-`)) as EdgeName,
};

beforeAll(async () => {
  const log = createLogger('site', 'fatal', { write() {} });
  const [started, port, adminPort] = await Promise.all([startNatsServer(), findFreePort(), findFreePort()]);
  nats = started;
  await Promise.all(
    (Object.keys(ADDRESSES) as ServiceName[]).map(async (name) => {
      const settings = loadSettings({
        HOST: ADDRESSES[name],
        PORT: `${port}`,
        TIDINGS_ADMIN_HOST: ADDRESSES[name],
        TIDINGS_ADMIN_PORT: `${adminPort}`,
        TIDINGS_NATS_URL: nats.url,
        TIDINGS_JWT_SECRET: SECRET,
        TIDINGS_DRAIN_MS: '2000',
      });
      services.set(name, await (name === 'ingest' ? startIngest(settings, log) : startEdge(settings, log)));
    }),
  );
  proxy = await startProxy('nginx', { port, adminPort });
  visitor = await createVisitor(proxy.url, site);
}, 60_000);
afterAll(async () => {
  visitor?.close();
  await proxy?.stop();
  await Promise.all([...services.values()].map((service) => service.stop()));
  await nats?.remove();
});

test('nginx, as deploy/proxies configures it: events come at once, and clients of an edge that drains go on at the other one', async () => {
  const soon = { timeout: 10_000, interval: 10 };
  const followers = Array.from({ length: 6 }, () => follow(visitor, site, 'news'));
  await expect.poll(() => followers.every(({ edges }) => edges.length === 1), soon).toBe(true);
  expect(new Set(followers.map(({ edges }) => edges[0]))).toEqual(new Set(EDGES));
  await visitor.publish('news', 'first');
  // Nothing comes behind it that could push it out of a buffer.
  for (const { got } of followers) await expect.poll(() => got, { timeout: 1_000, interval: 10 }).toEqual(['first']);

  const drained = services.get('edge-1')?.stop();
  // To a browser's EventSource an edge that drains says so with 200: nginx must not ask it that.
  const natives = await Promise.all(Array.from({ length: 6 }, () => visitor.openNative('topic=news')));
  await Promise.all(natives.map((native) => native.until(({ events }) => events.length > 0)));
  expect(natives.map(({ events }) => events[0]?.event)).toEqual(natives.map(() => 'hub.hello'));
  await visitor.publish('news', 'second');
  for (const { got } of followers) await expect.poll(() => got, soon).toEqual(['first', 'second']);
  await drained;
  const moved = followers.filter(({ edges }) => edges[0] === 'edge-1');
  await expect.poll(() => moved.every(({ edges }) => edges.length === 2), soon).toBe(true);
  for (const { edges, byes, refusals } of moved) {
    expect({ edges, byes, refusals }).toEqual({ edges: [...EDGES], byes: ['draining'], refusals: [] });
  }
  for (const follower of followers) follower.stop();
});
