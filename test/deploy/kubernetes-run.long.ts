import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findNatsServer } from '@tidings/broker/testing';
import { openStream } from '@tidings/runtime/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';
import { copyDeployFolder, type DeployFolder, type Manifest } from './manifests.ts';
import { environmentOf, workloadsOf } from './workload.ts';

const execute = promisify(execFile);

// Each pod has an address of its own, so that ports stay as they are. Servers know each other by addresses here.
const SERVERS = [0, 1, 2].map((number) => ({ name: `tidings-nats-${number}`, address: `127.77.0.${number + 1}` }));
const SECRET = 'a secret of this test that is 32 bytes or longer';
const CLI = join(ROOT, 'packages/cli/dist/main.js');

interface Service {
  readonly url: string;
  stop(): Promise<number | null>;
}

let deploy: DeployFolder;
let manifests: readonly Manifest[];
let folder: string;
let natsServer: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  natsServer = await findNatsServer();
  deploy = await copyDeployFolder();
  await deploy.addOverlay('encrypted', ['nats', 'tls', 'tls-cert-manager']);
  manifests = await deploy.build('overlays/encrypted');
  folder = mkdtempSync(join(tmpdir(), 'tidings-kubernetes-'));
  writeCertificates();
  writeNames();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  await deploy.remove();
});

/** The environment of a workload's first container, with a value for each secret and files of this test. */
function environment(name: string): Record<string, string> {
  const container = workloadsOf(manifests).find((workload) => workload.name === name)?.pod.containers[0];
  if (container === undefined) throw new Error(`There is no workload ${name}.`);
  const fill = (value: string): string =>
    value
      .replace(/^from tidings-nats-passwords\/(.*)/, 'p$1')
      .replaceAll('$(NATS_ROUTE_PASSWORD)', 'proute')
      .replaceAll('/etc/nats-tls', folder);
  const entries = Object.entries(environmentOf(container, manifests)).map(([key, value]) => [key, fill(value)]);
  return Object.fromEntries(entries);
}

/** The same for a process of Node, which finds the servers by their names in the cluster. */
function nodeEnvironment(name: string): Record<string, string> {
  const env = environment(name);
  return { ...env, NODE_OPTIONS: `${env.NODE_OPTIONS ?? ''} --import ${join(folder, 'names.mjs')}` };
}

/** Stands for the cluster's DNS. */
function writeNames(): void {
  const addresses = SERVERS.map(({ name, address }) => [`${name}.tidings-nats`, address]);
  const source = `import dns from 'node:dns';
    const addresses = new Map(${JSON.stringify(addresses)});
    const { lookup } = dns;
    dns.lookup = (name, ...rest) => lookup(addresses.get(name) ?? name, ...rest);`;
  writeFileSync(join(folder, 'names.mjs'), source);
}

const isServersConfiguration = ({ kind, metadata }: Manifest): boolean =>
  kind === 'ConfigMap' && metadata.name.startsWith('tidings-nats-');

function openssl(text: string): void {
  execFileSync('openssl', text.split(' '), { cwd: folder, stdio: 'pipe' });
}

/** What cert-manager would put into the Secret, for these addresses. */
function writeCertificates(): void {
  const names = SERVERS.map(({ name, address }) => `DNS:${name}.tidings-nats,IP:${address}`).join(',');
  writeFileSync(join(folder, 'ext'), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  openssl(`req -x509 ${key} -days 1 -subj /CN=authority -keyout ca.key -out ca.crt`);
  openssl(`req ${key} -subj /CN=nats -keyout tls.key -out tls.csr`);
  openssl('x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile ext -out tls.crt');
}

function startServer({ name, address }: (typeof SERVERS)[number]): {
  child: ChildProcess;
  ended: Promise<number | null>;
} {
  const own = join(folder, name);
  mkdirSync(own);
  const { data = {} } = manifests.find(isServersConfiguration) ?? {};
  for (const [file, text] of Object.entries(data)) {
    const changed = text
      .replaceAll('0.0.0.0', address)
      .replaceAll('/run/nats', own)
      .replaceAll('/etc/nats-tls', folder);
    writeFileSync(join(own, file), changed);
  }
  const env: Record<string, string> = {
    ...environment('tidings-nats'),
    NATS_SERVER_NAME: name,
    NATS_STORE_DIR: join(own, 'data'),
  };
  for (const [place, other] of SERVERS.entries()) {
    const route = `NATS_ROUTE_${place + 1}`;
    env[route] = env[route]?.replace(`${other.name}.tidings-nats`, other.address) ?? '';
  }
  const child = spawn(natsServer, ['--config', join(own, 'nats.conf')], { env, stdio: 'ignore' });
  children.push(child);
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

async function startService(name: string, workload: string): Promise<Service> {
  const env = { ...nodeEnvironment(workload), PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET };
  const main = join(ROOT, `services/${name}/dist/main.js`);
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    void ended.then((code) => reject(new Error(`${name} ended with ${code}`)));
    child.stdout.on('data', (bytes) => {
      const found = /"url":"([^"]+)"/.exec(String(bytes))?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    url,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function isWell(address: string, path: string): Promise<boolean> {
  const answer = await fetch(`http://${address}:8222${path}`).catch(() => undefined);
  return answer?.status === 200;
}

test('what the manifests say runs: servers with TLS, the set-up twice, an edge, an ingest, and a server that leaves', async () => {
  const servers = SERVERS.map((server) => startServer(server));
  const probes = ['/healthz', '/healthz?js-server-only=true', '/healthz?js-enabled-only=true'];
  for (const { address } of SERVERS) {
    for (const probe of probes) await expect.poll(() => isWell(address, probe), { timeout: 30_000 }).toBe(true);
  }

  const job = nodeEnvironment('tidings-nats-setup');
  for (const outcome of ['created', 'found']) {
    const { stdout } = await execute(process.execPath, [CLI, 'nats', 'setup'], { env: job });
    expect(stdout).toContain(`${outcome} stream EVT_0, 3 copies`);
    expect(stdout).not.toContain('differs');
  }

  const [edge, ingest] = await Promise.all([
    startService('edge', 'tidings-edge'),
    startService('ingest', 'tidings-ingest'),
  ]);
  const mint = [CLI, 'token', 'mint', '--admin', '--subscribe', '>', '--publish', '>'];
  const { stdout: token } = await execute(process.execPath, mint, { env: { TIDINGS_JWT_SECRET: SECRET } });
  const headers = { authorization: `Bearer ${token.trim()}` };
  const client = await openStream(`${edge.url}/v1/stream?topic=hello`, { headers });
  await client.event('hub.live');
  const publish = async (data: string): Promise<void> => {
    const body = JSON.stringify({ topic: 'hello', data });
    const sent = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
    expect((await fetch(`${ingest.url}/v1/events`, sent)).status).toBe(202);
    await client.until(({ events }) => events.some((event) => event.data === data));
  };
  await publish('with three servers');

  // As a pod ends: preStop first, and SIGTERM as soon as that is done, which is at once.
  const [first] = servers;
  if (first === undefined) throw new Error('There is no server.');
  execFileSync(natsServer, ['--signal', `ldm=${join(folder, SERVERS[0]?.name ?? '', 'nats.pid')}`]);
  first.child.kill('SIGTERM');
  await pause(500);
  await publish('while one hands over');
  expect(await first.ended).toBe(0);
  await publish('with two');

  const ends = Promise.all([edge.stop(), ingest.stop()]);
  await client.event('hub.bye');
  expect(await ends).toEqual([0, 0]);
}, 120_000);
