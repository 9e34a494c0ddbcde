import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';

const SECRET = 'a secret of this test that is 32 bytes or longer';
const MOST_MEGABYTES = 200;
// Of nobody: what runs here may read the folder, and write nowhere.
const STRANGER = process.getuid?.() === 0 ? { uid: 65_532, gid: 65_532 } : {};

describe('what is assembled for production', () => {
  let folder: string;

  beforeAll(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'assembled-')), 'app');
    execFileSync('npm', ['run', '--silent', 'assemble', '--', folder], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    execFileSync('chmod', ['-R', 'a-w,a+rX', join(folder, '..')]);
  }, 120_000);
  afterAll(() => {
    execFileSync('chmod', ['-R', 'u+w', join(folder, '..')]);
    rmSync(join(folder, '..'), { recursive: true, force: true });
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

  test('runs the hub for a user who may write nothing, with its console, and ends in good order', async () => {
    const hub = spawn(process.execPath, ['services/hub/dist/main.js'], {
      cwd: folder,
      env: { NODE_ENV: 'production', PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...STRANGER,
    });
    const closed = new Promise<number | null>((resolve) => hub.once('close', resolve));
    const [, url = '', adminUrl = ''] = await new Promise<RegExpExecArray>((resolve) => {
      hub.stdout.on('data', (bytes) => {
        const found = /"url":"([^"]+)","admin":"([^"]+)"/.exec(String(bytes));
        if (found !== null) resolve(found);
      });
    });
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    expect((await fetch(`${url}/console`)).status).toBe(200);
    expect((await fetch(`${url}/demo`)).status).toBe(404);
    hub.kill('SIGTERM');
    expect(await closed).toBe(0);
  });

  test('has the command line', () => {
    const run = spawnSync(process.execPath, ['packages/cli/dist/main.js', 'config'], {
      cwd: folder,
      encoding: 'utf8',
      ...STRANGER,
    });
    expect(run.stdout).toContain('TIDINGS_CONSOLE');
    expect(run.status).toBe(0);
  });
});
