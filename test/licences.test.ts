import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';

interface LockEntry {
  readonly version?: string;
  readonly license?: string | undefined;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const LOCKFILE = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockEntry>;
};
const folder = mkdtempSync(join(tmpdir(), 'tidings-licences-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the check over another lockfile, or the one that there is. */
function check(packages?: Record<string, LockEntry>): { status: number | null; stderr: string } {
  const path = join(folder, 'package-lock.json');
  if (packages !== undefined) writeFileSync(path, JSON.stringify({ packages }));
  const lockfile = packages === undefined ? [] : ['--lockfile', path];
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/licences.mjs'), '--check', ...lockfile], {
    encoding: 'utf8',
  });
  return { status, stderr };
}

describe('the licences of what is installed with Tidings', () => {
  test('all are allowed, and the page names them as the lockfile does', () => {
    expect(check()).toEqual({ status: 0, stderr: '' });
  });

  test('another version makes the page out of date; a package for development does not', () => {
    const jose = { ...LOCKFILE.packages['node_modules/jose'], version: '0.0.1' };
    expect(check({ ...LOCKFILE.packages, 'node_modules/jose': jose }).stderr).toContain('out of date');
    const more = { version: '1.0.0', license: 'AGPL-3.0-only', dev: true };
    expect(check({ ...LOCKFILE.packages, 'node_modules/more': more })).toEqual({ status: 0, stderr: '' });
  });

  test('each that is not allowed, or is not named at all, is told', () => {
    const bad = ['AGPL-3.0-only', 'MIT OR GPL-2.0', undefined].map((license, place): [string, LockEntry] => [
      `node_modules/a/node_modules/b${place}`,
      { version: '1.2.3', license },
    ]);
    const { status, stderr } = check({ ...LOCKFILE.packages, ...Object.fromEntries(bad) });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      'b0 1.2.3 is under a licence that is not allowed: AGPL-3.0-only',
      'b1 1.2.3 is under a licence that is not allowed: MIT OR GPL-2.0',
      'b2 1.2.3 is under a licence that is not allowed: not named',
    ]);
  });

  test('the lockfile names the licence that the installed package names', () => {
    const installed = Object.entries(LOCKFILE.packages).filter(
      ([path, { link, dev }]) => path.includes('node_modules/') && !link && !dev,
    );
    expect(installed.length).toBeGreaterThan(0);
    for (const [path, { license }] of installed) {
      expect(JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')).license, path).toBe(license);
    }
  });
});
