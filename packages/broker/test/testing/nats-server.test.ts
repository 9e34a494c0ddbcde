import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { watchForLeaks } from '@tidings/runtime/testing';
import { connect as connectNats, type NatsConnection } from 'nats';
import { build } from 'vite';
import { afterEach, expect, test, vi } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../src/testing/index.ts', import.meta.url));

const servers: NatsServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.remove()));
});

async function start(options?: Parameters<typeof startNatsServer>[0]): Promise<NatsServer> {
  const server = await startNatsServer(options);
  servers.push(server);
  return server;
}

async function withClient<T>(server: NatsServer, use: (client: NatsConnection) => Promise<T>): Promise<T> {
  const client = await connectNats({ servers: server.url, reconnect: false });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const ask = (client: NatsConnection, subject: string, body: object): Promise<Record<string, unknown>> =>
  client.request(`$JS.API.${subject}`, JSON.stringify(body)).then((answer) => answer.json());

/** Whether somebody takes connections on a port. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what a server has stored is there after kill and restart, under the same url', async () => {
  const server = await start();
  const { url, pid } = server;
  await withClient(server, async (client) => {
    await ask(client, 'STREAM.CREATE.LOG', { name: 'LOG', subjects: ['log'], storage: 'file', num_replicas: 1 });
    await client.request('log', 'kept');
  });
  await server.kill();
  expect(server.pid).toBeUndefined();
  expect(await isOpen(server.port)).toBe(false);

  await server.restart();
  expect(server.url).toBe(url);
  expect(server.pid).not.toBe(pid);
  const info = await withClient(server, (client) => ask(client, 'STREAM.INFO.LOG', {}));
  expect(info.state).toMatchObject({ messages: 1 });
});

test('a restart of a server that runs stops it first, and its log goes on', async () => {
  const server = await start({ name: 'phoenix' });
  const { pid } = server;
  await server.restart();
  expect(server.pid).not.toBe(pid);
  expect(server.log().match(/Server name: +phoenix|Name: +phoenix/g)?.length).toBeGreaterThanOrEqual(2);
  expect(server.log()).toContain('Initiating Shutdown');
});

test('a frozen server answers nobody until it is thawed, and its connections stay open', async () => {
  const server = await start();
  await withClient(server, async (client) => {
    server.freeze();
    expect(server.isFrozen).toBe(true);
    const ask = (): Promise<string> => client.flush().then(() => 'answered');
    let round = ask();
    // The signal reaches a thread that runs on another core a moment later.
    await vi.waitFor(async () => {
      const outcome = await Promise.race([round, new Promise((resolve) => setTimeout(resolve, 100, 'silent'))]);
      if (outcome === 'answered') round = ask();
      expect(outcome).toBe('silent');
    }, 5_000);
    server.thaw();
    expect(await round).toBe('answered');
    expect(client.isClosed()).toBe(false);
  });
});

test('its settings are those of a deployment, and a test can say otherwise without moving the store', async () => {
  const server = await start();
  await withClient(server, async (client) => {
    expect(client.info).toMatchObject({ max_payload: 1_100_000, jetstream: true });
  });
  const small = await start({
    config: 'max_payload: $SMALLEST\njetstream { max_file_store: 1MB }',
    env: { SMALLEST: '1000' },
  });
  await withClient(small, async (client) => expect(client.info?.max_payload).toBe(1_000));
  const state = await (await fetch(`${small.monitorUrl}/jsz`)).json();
  expect(state.config).toMatchObject({ max_storage: 1_048_576, store_dir: join(small.folder, 'store', 'jetstream') });
});

test('a configuration that the server refuses is an error with its words', async () => {
  const starting = startNatsServer({ config: 'max_payload: many' });
  await expect(starting).rejects.toThrow(/^nats-server nats exited at once\nnats-server: \S+server\.conf:5:/);
});

test('nothing is left of a server that was removed, whether it ran, was frozen or was down', async () => {
  const noLeaks = watchForLeaks();
  const [running, frozen, down] = (await Promise.all([start(), start(), start()])) as [
    NatsServer,
    NatsServer,
    NatsServer,
  ];
  frozen.freeze();
  await down.stop();
  for (const server of [running, frozen, down]) {
    await Promise.all([server.remove(), server.remove()]);
    expect(server.pid).toBeUndefined();
    expect(existsSync(server.folder)).toBe(false);
    expect(await isOpen(server.port)).toBe(false);
    await expect(server.restart()).rejects.toThrow('this nats-server was removed');
  }
  await noLeaks();
});

test('many servers at the same time have ports of their own, which stay theirs while they are down', async () => {
  const first = await Promise.all(Array.from({ length: 4 }, () => start()));
  await Promise.all(first.map((server) => server.stop()));
  const second = await Promise.all(Array.from({ length: 4 }, () => start()));
  await Promise.all(first.map((server) => server.restart()));
  expect(new Set([...first, ...second].map(({ port }) => port)).size).toBe(8);
});

test('a process that is killed takes its servers and their folders with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-orphan-'));
  let owner: ChildProcess | undefined;
  try {
    // Bundled, for this Node does not run the sources as they are.
    await build({
      configFile: false,
      logLevel: 'silent',
      build: { ssr: SOURCE, outDir: folder, rollupOptions: { output: { entryFileNames: 'testing.mjs' } } },
    });
    const program = `import { startNatsServer } from './testing.mjs';
const [a, b] = await Promise.all([startNatsServer(), startNatsServer()]);
b.freeze();
console.log(JSON.stringify([a, b].map(({ folder, port, pid }) => ({ folder, port, pid }))));`;
    await writeFile(join(folder, 'owner.mjs'), program);
    owner = spawn(process.execPath, [join(folder, 'owner.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const bytes of owner.stdout ?? []) {
      output += bytes;
      if (output.endsWith('\n')) break;
    }
    const left: { folder: string; port: number }[] = JSON.parse(output);
    expect(await Promise.all(left.map(({ port }) => isOpen(port)))).toEqual([true, true]);

    owner.kill('SIGKILL');
    for (const { folder, port } of left) {
      await eventually(() => !existsSync(folder), `${folder} is gone`);
      await eventually(async () => !(await isOpen(port)), `nobody listens on ${port}`);
    }
  } finally {
    owner?.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});
