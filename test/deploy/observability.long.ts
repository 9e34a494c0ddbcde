import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type NatsCluster, startNatsCluster } from '@tidings/broker/testing';
import { type ServiceProcess, startServiceProcess } from '@tidings/runtime/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DASHBOARDS } from '../../scripts/dashboards/write.mjs';
import { HOOK_SECRET, startReceiver } from '../../services/dispatcher/test/receiver.ts';
import { ROOT } from '../hub-process.ts';
import { type ObservedLoad, startObservedLoad } from './observed-load.ts';
import { type PrometheusRun, startNatsExporter, startPrometheus } from './prometheus-run.ts';
import { namesIn } from './promql.ts';

const SECRET = 'of the test that looks at metrics and of no other';
const OBSERVED_MS = 40_000;
const DRAIN_MS = 12_000;
/** `for` of the slowest of the alerts that are waited for, and what the metrics need to show it. */
const ALERT_TIMEOUT_MS = 420_000;

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

const { groups } = parse(readFileSync(join(ROOT, 'deploy/prometheus/rules.yaml'), 'utf8')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

let nats: NatsCluster;
let services: Record<'edge1' | 'edge2' | 'ingest' | 'webhooks', ServiceProcess & { url: string; target: string }>;
let prometheus: PrometheusRun;
let load: ObservedLoad;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  nats = await startNatsCluster();
  endings.push(() => nats.remove());
  const receiver = await startReceiver((end) => void endings.push(end));
  const webhooksFile = join(mkdtempSync(join(tmpdir(), 'tidings-observed-')), 'webhooks.json');
  endings.push(async () => rmSync(dirname(webhooksFile), { recursive: true }));
  const secret = { env: 'HOOK_SECRET' };
  const endpoint = { name: 'crm', url: receiver.url, secret, events: ['*'], topics: ['load.*'], allowPrivate: true };
  writeFileSync(webhooksFile, JSON.stringify({ endpoints: [endpoint] }));
  const start = async (workspace: string) => {
    const service = startServiceProcess(workspace, {
      TIDINGS_JWT_SECRET: SECRET,
      TIDINGS_NATS_URL: nats.urls.join(','),
      TIDINGS_DRAIN_MS: String(DRAIN_MS),
      TIDINGS_LAG_MAX_BYTES: '4096',
      TIDINGS_AUDIT: 'off',
      TIDINGS_WEBHOOKS_FILE: webhooksFile,
      HOOK_SECRET,
      LOG_LEVEL: 'error',
    });
    endings.push(async () => {
      service.signal('SIGKILL');
      await service.exited;
    });
    const { url, adminUrl } = await service.listening();
    return { ...service, url, target: new URL(adminUrl).host };
  };
  // An ingest makes the streams that the edges wait for, and who sends webhooks those of webhooks.
  const ingest = await start('services/ingest');
  const webhooks = await start('services/dispatcher');
  services = { ingest, webhooks, edge1: await start('services/edge'), edge2: await start('services/edge') };
  const exporter = await startNatsExporter(nats.servers);
  endings.push(exporter.stop);
  prometheus = await startPrometheus({
    'tidings-edge': [services.edge1.target, services.edge2.target],
    'tidings-ingest': [ingest.target],
    'tidings-webhooks': [webhooks.target],
    'tidings-nats': [exporter.target],
  });
  endings.push(prometheus.stop);
  load = await startObservedLoad(SECRET, [services.edge1.url, services.edge2.url], ingest.url);
  endings.push(load.stop);
}, 180_000);

afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const firingNames = async (): Promise<string[]> => [...new Set((await prometheus.firing()).map(({ name }) => name))];

describe('a real Prometheus that scrapes two edges, an ingest and the exporter of three NATS servers', () => {
  test('has a value, in the range that is stated, for every expression of every panel', async () => {
    await pause(OBSERVED_MS / 2);
    const server = nats.servers[0];
    await server?.kill();
    await pause(5_000);
    await server?.restart();
    await nats.ready();
    await pause(OBSERVED_MS / 2);
    expect(await prometheus.faults()).toEqual([]);

    const rows: string[] = [];
    const faults: string[] = [];
    for (const { uid, jobs, panels } of DASHBOARDS) {
      for (const { title, queries } of panels) {
        for (const { expr, within, of } of queries) {
          const filled = expr
            .replaceAll('$job', jobs)
            .replaceAll('$instance', '.*')
            .replaceAll('$__rate_interval', '1m');
          const values = (await prometheus.query(filled)).map(({ value }) => value);
          const [least, most] = [Math.min(...values), Math.max(...values)];
          rows.push(`${uid} | ${title} | ${values.length} | ${show(least)} | ${show(most)}`);
          const isFine = values.length > 0 && least >= within[0] && most <= within[1];
          if (!isFine) faults.push(`${uid}, ${title}: [${values}] of ${filled}, and it should be in ${within}`);
          if (of === 'info') expect(values.length).toBeGreaterThan(1);
        }
      }
    }
    console.log(`dashboard | panel | series | least | most\n${rows.join('\n')}`);
    expect(faults).toEqual([]);
    expect(rows.length).toBeGreaterThan(80);
  });

  test('has every metric that an alert looks at, and none fires while all is well', async () => {
    const missing: string[] = [];
    for (const { alert, expr } of rules) {
      for (const { metric, labels } of namesIn(expr).selectors) {
        const matchers = labels.map((label) => `${label}!=""`).join(',');
        const found = await prometheus.query(`count(${metric}{${matchers}})`);
        if (found.length === 0) missing.push(`${alert}: ${metric}{${labels}}`);
      }
    }
    expect(missing).toEqual([]);
    expect(await firingNames()).toEqual([]);
  });

  test('sees a process end: since when, and that its streams leave', async () => {
    const { target } = services.edge2;
    const open = (): Promise<number> => valueNow(`sum(tidings_connections_open{instance="${target}"})`);
    expect(await open()).toBeGreaterThan(10);
    services.edge2.signal('SIGTERM');
    const started = `time() - (tidings_drain_started_timestamp_seconds{instance="${target}"} > 0)`;
    await expect.poll(() => valueNow(started), { timeout: 10_000, interval: 250 }).toBeLessThan(DRAIN_MS / 1000);
    expect(await services.edge2.exited).toBe(0);
    await expect.poll(() => valueNow(`up{instance="${target}"}`), { timeout: 10_000 }).toBe(0);
  });

  test('fires when NATS servers are stopped: for one of three that it is down, for all that there is no log', async () => {
    const seen = new Map<string, number>();
    const startMs = performance.now();
    const watch = async (wanted: readonly string[]): Promise<void> => {
      const deadlineMs = performance.now() + ALERT_TIMEOUT_MS;
      while (wanted.some((name) => !seen.has(name)) && performance.now() < deadlineMs) {
        for (const name of await firingNames()) {
          if (!seen.has(name)) seen.set(name, Math.round((performance.now() - startMs) / 1000));
        }
        await pause(1_000);
      }
      expect([...seen.keys()]).toEqual(expect.arrayContaining([...wanted]));
    };
    await nats.servers[0]?.kill();
    await watch(['TidingsNatsServerDown']);
    const critical = (await prometheus.firing()).filter(({ labels }) => labels.severity === 'critical');
    expect(critical, 'one server of three is no reason to wake somebody').toEqual([]);

    await nats.servers[1]?.kill();
    await watch(['TidingsLogLeaderSilent', 'TidingsOutOfTouch', 'TidingsNatsNoLeader']);
    await nats.servers[2]?.kill();
    await watch(['TidingsBrokerAway', 'TidingsPublishErrors', 'TidingsStreamsRefused']);
    console.log(
      `alert | seconds after the first server was stopped\n${[...seen].map((row) => row.join(' | ')).join('\n')}`,
    );
    console.log(`publishes that failed, by status: ${JSON.stringify([...load.failed])}`);
  }, 1_500_000);
});

async function valueNow(expression: string): Promise<number> {
  return (await prometheus.query(expression))[0]?.value ?? Number.NaN;
}

function show(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
