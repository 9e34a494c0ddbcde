import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsServer, startNatsServer } from '@tidings/broker/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';
import { readImage } from './dockerfile.ts';

const SECRET = 'a secret of this test that is 32 bytes or longer';
const MOST_MEGABYTES = 200;
// Nobody in particular: who installs may write into one folder, who runs may write nowhere.
const IS_ROOT = process.getuid?.() === 0;
const INSTALLS = { uid: 1_001, gid: 1_001 };
const RUNS = IS_ROOT ? { uid: 1_000, gid: 1_000 } : {};

/** What `docker run` would do, without the container: the image's words and variables, on the folder that stands for /app. */
function inImage(folder: string, words: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { entrypoint, env: ofImage } = readImage();
  const [, ...args] = [...entrypoint, ...words].map((word) => word.replace(/^\/app\//, `${folder}/`));
  // A free port instead of the image's own: more than one runs on this machine.
  const all = { ...ofImage, PORT: '0', TIDINGS_ADMIN_PORT: '0', PATH: process.env.PATH, ...env };
  return { command: process.execPath, args, options: { cwd: folder, env: all, ...RUNS } };
}

async function startService(folder: string, words: readonly string[], env: NodeJS.ProcessEnv) {
  const { command, args, options } = inImage(folder, words, { TIDINGS_JWT_SECRET: SECRET, ...env });
  const service = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((resolve) => service.once('close', resolve));
  const [, url = '', adminUrl = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
    void closed.then((code) => reject(new Error(`${words.join(' ')} ended with ${code}`)));
    service.stdout.on('data', (bytes) => {
      const found = /"url":"([^"]+)","admin":"([^"]+)"/.exec(String(bytes));
      if (found !== null) resolve(found);
    });
  });
  const stop = async (): Promise<number | null> => {
    service.kill('SIGTERM');
    return await closed;
  };
  return { url, adminUrl, stop };
}

describe('what the image is made of', () => {
  let outer: string;
  let folder: string;
  let nats: NatsServer;

  beforeAll(async () => {
    nats = await startNatsServer();
    outer = mkdtempSync(join(tmpdir(), 'tidings-image-'));
    folder = join(outer, 'app');
    const home = join(outer, 'home');
    for (const path of [folder, home]) {
      mkdirSync(path);
      if (IS_ROOT) chownSync(path, INSTALLS.uid, INSTALLS.gid);
    }
    chmodSync(outer, 0o755);
    execFileSync('npm', ['run', '--silent', 'assemble', '--', folder], {
      cwd: ROOT,
      env: { ...process.env, HOME: home, npm_config_cache: join(home, 'npm') },
      stdio: ['ignore', 'ignore', 'inherit'],
      ...(IS_ROOT ? INSTALLS : {}),
    });
    execFileSync('chmod', ['-R', 'a-w,a+rX', folder]);
  }, 180_000);
  afterAll(async () => {
    await nats.remove();
    execFileSync('chmod', ['-R', 'u+w', outer]);
    rmSync(outer, { recursive: true, force: true });
  });

  test('is small, and has nothing that only developers need', () => {
    const [size] = execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t');
    expect(Number(size)).toBeLessThan(MOST_MEGABYTES);
    const modules = readdirSync(join(folder, 'node_modules'));
    for (const name of ['vitest', 'typescript', 'playwright-core', 'esbuild', 'react']) {
      expect(modules).not.toContain(name);
    }
    const files = readdirSync(join(folder, 'services'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => /\.(ts|map)$/.test(file))).toEqual([]);
  });

  test('lists in its bill of materials each package that is in it', () => {
    const bill = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8')) as {
      components: { group?: string; name: string; version: string; purl: string }[];
    };
    const listed = new Set(bill.components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', ''))));
    const manifests = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      /(^|node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(path),
    );
    const installed = manifests.map((path) => {
      const { name, version } = JSON.parse(readFileSync(join(folder, 'node_modules', path), 'utf8')) as Manifest;
      return `${name}@${version}`;
    });
    expect(installed.length).toBeGreaterThan(40);
    expect(installed.filter((each) => !listed.has(each) && !each.startsWith('@tidings/'))).toEqual([]);
  });

  test('runs the hub for a user who may write nothing, says that it is well, and ends in good order', async () => {
    const hub = await startService(folder, readImage().command, {});
    const port = new URL(hub.adminUrl).port;
    expect((await fetch(`${hub.url}/console`)).status).toBe(200);
    expect((await fetch(`${hub.url}/demo`)).status).toBe(404);
    const ask = (...words: string[]) => {
      const { command, args, options } = inImage(folder, ['healthcheck', ...words], { TIDINGS_ADMIN_PORT: port });
      return spawnSync(command, args, { ...options, encoding: 'utf8' });
    };
    expect(ask()).toMatchObject({ status: 0, stdout: expect.stringContaining('"status":"ok"') });
    expect(ask('ready').status).toBe(0);
    expect(await hub.stop()).toBe(0);
    expect(ask()).toMatchObject({ status: 1, stdout: expect.stringContaining(`${port}/healthz: `) });
  });

  test('sets up a broker by its command line, and runs edge and ingest on it', async () => {
    const env = { TIDINGS_NATS_URL: nats.url };
    const { command, args, options } = inImage(folder, ['tidings', 'nats', 'setup'], env);
    expect(spawnSync(command, args, { ...options, encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    const services = await Promise.all(['edge', 'ingest'].map((name) => startService(folder, [name], env)));
    for (const { adminUrl } of services) expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    expect(await Promise.all(services.map(({ stop }) => stop()))).toEqual([0, 0]);
  });

  test('says what there is when it is asked for something else', () => {
    const { command, args, options } = inImage(folder, ['egde']);
    const run = spawnSync(command, args, { ...options, encoding: 'utf8' });
    expect(run).toMatchObject({ status: 64, stderr: expect.stringContaining('edge, ingest, hub') });
  });
});

interface Manifest {
  readonly name: string;
  readonly version: string;
}
