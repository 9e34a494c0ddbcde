import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@tidings/runtime/testing';
import { stringify } from 'yaml';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';

/** One series of an answer: its labels and its value now. */
interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A Prometheus that scrapes each second and has the rules of deploy/prometheus as they are. */
export interface PrometheusRun {
  /** The series of an expression now. @throws Error where it is none. */
  query(expression: string): Promise<readonly Sample[]>;
  /** The alerts that fire now. */
  firing(): Promise<readonly FiringAlert[]>;
  /** What goes wrong with rules, and targets that are not up, as sentences. */
  faults(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** @param targets `host:port` of each job. */
export async function startPrometheus(targets: Readonly<Record<string, readonly string[]>>): Promise<PrometheusRun> {
  const program = await findProgram('prometheus');
  const folder = mkdtempSync(join(tmpdir(), 'tidings-prometheus-'));
  copyFileSync(join(ROOT, 'deploy/prometheus/rules.yaml'), join(folder, 'rules.yaml'));
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: Object.entries(targets).map(([job, list]) => ({
      job_name: job,
      static_configs: [{ targets: list }],
    })),
  };
  writeFileSync(join(folder, 'prometheus.yaml'), stringify(config));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}/api/v1`;
  const end = startProgram(program, [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);

  async function ask<Data>(path: string): Promise<Data> {
    const answer = await fetch(url + path);
    const { status, data, error } = (await answer.json()) as { status: string; data: Data; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  }

  const run: PrometheusRun = {
    async query(expression) {
      const path = `/query?query=${encodeURIComponent(expression)}`;
      const { result } = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(path);
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1].replace('Inf', 'Infinity')) }));
    },
    async firing() {
      const { alerts } = await ask<{ alerts: { state: string; labels: Record<string, string> }[] }>('/alerts');
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => ({ name: labels.alertname ?? '', labels }));
    },
    async faults() {
      interface Rules {
        groups: { rules: { name: string; health: string; lastError?: string }[] }[];
      }
      const { groups } = await ask<Rules>('/rules');
      const ill = groups.flatMap(({ rules }) => rules.filter(({ health }) => health !== 'ok'));
      const down = await run.query('up == 0');
      return [
        ...ill.map(({ name, health, lastError }) => `${name} is ${health}: ${lastError}`),
        ...down.map(({ metric }) => `${metric.job} ${metric.instance} is not up`),
      ];
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return run;
}

/** A NATS exporter for all servers, as the documents have it; gives back where it serves, and what ends it. */
export async function startNatsExporter(
  servers: readonly { readonly name: string; readonly monitorUrl: string }[],
): Promise<{ readonly target: string; stop(): Promise<void> }> {
  const program = await findProgram('nats-exporter');
  const port = await findFreePort();
  const named = servers.map(({ name, monitorUrl }) => `${name},${monitorUrl}`);
  const stop = startProgram(program, ['-addr=127.0.0.1', `-port=${port}`, '-varz', '-jsz=all', '-healthz', ...named]);
  return { target: `127.0.0.1:${port}`, stop };
}

/** What it writes shows only where it ends by itself; resolves the call that ends it when it is gone. */
function startProgram(program: string, args: readonly string[]): () => Promise<void> {
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  let isAsked = false;
  const gone = new Promise<void>((resolve) => {
    child.once('close', (code) => {
      if (!isAsked) process.stderr.write(`${program} exited with ${code}\n${output}\n`);
      resolve();
    });
  });
  return async () => {
    isAsked = true;
    child.kill('SIGTERM');
    await gone;
  };
}
