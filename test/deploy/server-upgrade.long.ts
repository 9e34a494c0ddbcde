import type { NatsServer } from '@tidings/broker/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChance } from '../../loadtest/src/chaos/chance.ts';
import type { Service } from '../../loadtest/src/chaos/service.ts';
import { startTraffic, type Traffic } from '../../loadtest/src/chaos/traffic.ts';
import { judge } from '../../loadtest/src/chaos/verdict.ts';
import { flow } from '../fault/site-runs.ts';
import { openOperatorShell } from './documented-commands.ts';
import { type GuardedSite, startGuardedSite } from './guarded-site.ts';

const DOCUMENT = 'docs/operations/upgrade.md';

let site: GuardedSite;
let ingests: Service[];
let edges: Service[];
let traffic: Traffic | undefined;

beforeAll(async () => {
  // As in server.conf.
  site = await startGuardedSite('\nlame_duck_duration: "30s"\n');
  ingests = await Promise.all([site.start('ingest'), site.start('ingest')]);
  edges = await Promise.all([site.start('edge'), site.start('edge')]);
}, 900_000);
afterAll(async () => {
  traffic?.stop();
  await site?.remove();
});

test('three servers are restarted one after the other as the document has it, and the limits changed: every event arrives once and in order', async () => {
  let turn = 0;
  const either = (services: readonly Service[]): string | undefined => services[turn++ % 2]?.url;
  const token = await site.mint({ sub: 'a', tidings: { subscribe: ['>'], publish: ['>'] } });
  const doors = { token, edgeUrl: () => either(edges), ingestUrl: () => either(ingests) };
  traffic = await startTraffic(doors, { clients: 20, rate: 150, chance: createChance(11) });
  const run = traffic;
  const took: number[] = [];
  for (const server of site.cluster.servers) {
    await flow(run, 200);
    const startMs = performance.now();
    // `nats-server --signal ldm` sends this.
    process.kill(server.pid as number, 'SIGUSR2');
    await server.gone;
    await server.restart();
    const shell = await openOperatorShell(site, DOCUMENT, { 'http://127.0.0.1:8222': server.monitorUrl });
    await shell.follow('in-step');
    await shell.remove();
    took.push(Math.round((performance.now() - startMs) / 1000));
  }
  const [server] = site.cluster.servers as [NatsServer];
  const shell = await openOperatorShell(site, DOCUMENT, { 'http://127.0.0.1:8222': server.monitorUrl });
  await shell.run('nats --inbox-prefix=_INBOX_operator stream edit EVT_0 --force --replicas=1');
  expect(await shell.follow('edit')).toMatch(/2\.0 GiB.*\n3\n$/s);
  await shell.follow('in-step');
  await shell.remove();
  await flow(run, 200);
  await run.settle();
  const { counts, reasons } = judge(run, { accidents: site.accidents });
  expect(reasons).toEqual([]);
  expect(counts['published again']).toBe(0);
  console.log('seconds for each server', took, 'longest wait', Math.round(run.punctuality.longestMs), counts);
});
