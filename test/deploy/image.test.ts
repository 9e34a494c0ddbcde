import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { loadSettings } from '@tidings/runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';
import { readImage, readStages } from './dockerfile.ts';

const execute = promisify(execFile);
const FILE = join(ROOT, 'deploy/Dockerfile');

describe('the image', () => {
  test('has a Dockerfile in which hadolint finds nothing, and so has the image of the load test', async () => {
    const hadolint = await findProgram('hadolint');
    const files = [FILE, `${FILE}.loadtest`];
    const { stdout } = await execute(hadolint, ['--no-color', ...files]).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  });

  test('is made by the steps that a test takes too, and by no others', () => {
    const [, build = [], last = []] = readStages();
    const steps = build.filter(({ name }) => name === 'RUN').map(({ words }) => words.replace(/^(--\S+ )+/, ''));
    expect(steps).toEqual(['npm ci', 'npm run build', 'npm run assemble -- /app']);
    expect(last.filter(({ name }) => name === 'RUN')).toEqual([]);
  });

  test('runs as a user who is named by number and is not root, on a Node of an exact version', () => {
    const [before = [], build = [], last = []] = readStages();
    expect(last.find(({ name }) => name === 'USER')?.words).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(before[0]?.words).toMatch(/^NODE_IMAGE=node:\d+\.\d+\.\d+-\w+-slim$/);
    for (const [from] of [build, last]) {
      expect(from?.words).toMatch(/^(--platform=\$BUILDPLATFORM )?\$\{NODE_IMAGE\}( AS build)?$/);
    }
  });

  test('sets what every service takes, and exposes the ports that it sets', () => {
    const { env, exposed } = readImage();
    const settings = loadSettings({ ...env, TIDINGS_JWT_SECRET: 'a secret of this test that is 32 bytes or longer' });
    expect(settings.production).toBe(true);
    expect(exposed).toBe(`${settings.port} ${settings.adminPort}`);
  });

  test('has the version of the packages, and starts a file that is there', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    for (const file of [FILE, `${FILE}.loadtest`]) {
      expect(readFileSync(file, 'utf8')).toContain(`ARG VERSION=${version}\n`);
    }
    const { entrypoint, health } = readImage();
    for (const words of [entrypoint, health]) {
      expect(words[0]).toBe('node');
      expect(existsSync(join(ROOT, 'deploy/image', (words[1] ?? '').replace(/^\/app\//, '')))).toBe(true);
    }
  });

  // The first process of a container is not ended by a signal that it has no handler for; here one would end it by the signal.
  test.each([
    ['that is still being loaded', '', 143],
    ['that has a handler of its own', "process.on('SIGTERM', () => setTimeout(() => process.exit(0), 10));", 0],
  ])('ends at SIGTERM with a service %s', async (_what, handler, code) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidings-start-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const name of ['start.mjs', 'healthcheck.mjs']) {
      copyFileSync(join(ROOT, 'deploy/image', name), join(folder, name));
    }
    const service = join(folder, 'services/edge/dist/main.js');
    mkdirSync(dirname(service), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(
      service,
      `${handler}\nsetInterval(() => {}, 1_000);\nprocess.stdout.write('here');\nawait new Promise(() => {});\n`,
    );
    const started = spawn(process.execPath, [join(folder, 'start.mjs'), 'edge'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void started.kill('SIGKILL'));
    const ended = once(started, 'exit');
    await once(started.stdout, 'data');
    started.kill('SIGTERM');
    expect(await ended).toEqual([code, null]);
  });
});
