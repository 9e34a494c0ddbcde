import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createSseDecoder } from '@tidings/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { startDevCluster } from './dev-cluster.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs a printed curl line, and resolves when its stream is live; gives back what it hears. */
async function receive(command: string): Promise<string[]> {
  const curl = spawn('sh', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void curl.kill());
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    const decoder = createSseDecoder({
      event({ event, data }) {
        if (event === 'hub.live') resolve();
        if (event === 'message') heard.push(data);
      },
    });
    curl.stdout.on('data', (bytes) => decoder.feed(bytes));
  });
  return heard;
}

test('what is published at the ingest of the development cluster arrives on both edges, and nothing of it stays', async () => {
  const cluster = startDevCluster();
  await cluster.says('Ctrl-C ends all of it');
  expect([...cluster.pids().keys()].sort()).toEqual(['edge-1', 'edge-2', 'ingest', 'nats-1', 'nats-2', 'nats-3']);
  const pids = [...cluster.pids().values()];
  expect(pids.filter(isAlive)).toHaveLength(6);

  const receiving = [...cluster.output().matchAll(/^curl -N .*$/gm)].map(([command]) => receive(command));
  const heard = await Promise.all(receiving);
  const [publish] = /^curl '.*events'.*$/m.exec(cluster.output()) ?? [''];
  execFileSync('sh', ['-c', publish], { stdio: 'ignore' });
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual([['Hello'], ['Hello']]);

  await cluster.stop('SIGINT');
  expect(cluster.output()).toContain('cluster | stopped, and nothing is left');
  const said = cluster.output();
  const parts = said.slice(said.indexOf('Ctrl-C ends')).split('\n');
  expect(parts.filter((line) => line !== '').slice(1)).toSatisfy((lines: string[]) =>
    lines.every((line) => /^(cluster|edge-\d|ingest|nats-\d) *\| /.test(line)),
  );
  expect(pids.filter(isAlive)).toEqual([]);
  expect(readdirSync(cluster.folder)).toEqual([]);
});

test('one that dies by itself takes the rest with it, and is named', async () => {
  const cluster = startDevCluster();
  await cluster.says('Ctrl-C ends all of it');
  const pids = cluster.pids();
  process.kill(pids.get('edge-2') as number, 'SIGKILL');
  expect(await cluster.closed).toBe(1);
  expect(cluster.output()).toContain('cluster | edge-2 was ended by SIGKILL: stopping the rest');
  expect([...pids.values()].filter(isAlive)).toEqual([]);
  expect(readdirSync(cluster.folder)).toEqual([]);
});
