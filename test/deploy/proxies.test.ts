import { afterAll, beforeAll, expect, test } from 'vitest';
import { EDGES, type ProxiedSite, startProxiedSite } from './proxied-site.ts';
import { createVisitor, follow, type Visitor } from './proxied-streams.ts';
import { type ProxyProcess, startProxy } from './proxy-process.ts';

// One of the four, and what shows most; proxies.long.ts has them all.
let site: ProxiedSite;
let proxy: ProxyProcess;
let visitor: Visitor;

beforeAll(async () => {
  site = await startProxiedSite();
  proxy = await startProxy('nginx', site);
  visitor = await createVisitor(proxy.url, site);
}, 60_000);
afterAll(async () => {
  visitor?.close();
  await proxy?.stop();
  await site?.stop();
});

test('nginx, as deploy/proxies configures it: streams share a connection, get events at once, and go on elsewhere when their edge is killed', async () => {
  const followers = Array.from({ length: 8 }, () => follow(visitor, site, 'news'));
  await expect.poll(() => followers.every(({ edges }) => edges.length === 1), { timeout: 10_000 }).toBe(true);
  expect(new Set(followers.map(({ edges }) => edges[0]))).toEqual(new Set(EDGES));
  const sent = ['one', 'two', 'three'];
  for (const data of sent.slice(0, 2)) await visitor.publish('news', data);
  // Nothing comes behind them that could push them out of a buffer.
  for (const { got } of followers) await expect.poll(() => got, { timeout: 1_000 }).toEqual(sent.slice(0, 2));
  await site.kill('edge-1');
  await visitor.publish('news', 'three');
  for (const { got } of followers) await expect.poll(() => got, { timeout: 10_000 }).toEqual(sent);
  for (const { edges, refusals } of followers) expect([edges.at(-1), refusals]).toEqual(['edge-2', []]);
  for (const follower of followers) follower.stop();
});
