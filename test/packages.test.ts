import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';
import { packPublished, readManifests } from './published-packages.ts';

/** What people install, and what that depends on. The services are run from the repository. */
const PUBLISHED = ['auth', 'broker', 'cli', 'protocol', 'runtime', 'sdk'].map((name) => `packages/${name}`);

// These ways to import packages are of tools that know no ES modules, and so nothing of ours.
const OLD_WAYS: ReadonlySet<string> = new Set(['node10', 'node16-cjs']);

const destination = mkdtempSync(join(tmpdir(), 'tidings-packed-'));
afterAll(() => rmSync(destination, { recursive: true }));
const manifests = readManifests();
const packed = packPublished(destination);
const bytesOf = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(path));

describe('the published packages', () => {
  test('are these, which depend on each other by exact version and on nothing that is private', () => {
    expect(packed.map(({ folder }) => folder).sort()).toEqual(PUBLISHED);
    const versions = new Map(packed.map(({ manifest: { name, version } }) => [name, version]));
    for (const { folder, manifest } of packed) {
      const ours = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@tidings/'));
      for (const [name, version] of ours) expect(versions.get(name), `${folder} needs ${name}`).toBe(version);
    }
  });

  test('and all workspaces have one version, that of the repository', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [folder, manifest] of manifests) expect(manifest.version, folder).toBe(version);
  });

  describe.each(packed)('$manifest.name', ({ folder, manifest, tarball, files }) => {
    test('holds its sources with all that is built of them, the licence, a README, and nothing else', () => {
      expect(readFileSync(join(ROOT, folder, 'LICENSE'))).toEqual(readFileSync(join(ROOT, 'LICENSE')));
      expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
      // Maps point to the sources, and so does the condition by which the repository's own tests import them.
      const sources = files.flatMap((path) => /^src\/(.+?)(?<!\.d)\.tsx?$/.exec(path)?.[1] ?? []);
      const built = sources.flatMap((name) =>
        ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((end) => `dist/${name}${end}`),
      );
      expect(built.length).toBeGreaterThan(0);
      expect(built.filter((path) => !files.includes(path))).toEqual([]);
      const known = /^(src\/.*\.tsx?|dist\/.*\.(js|d\.ts)(\.map)?|assets\/[^/]+|LICENSE|README\.md|package\.json)$/;
      expect(files.filter((path) => !known.test(path) || /\.test\.|tsbuildinfo/.test(path))).toEqual([]);
    });

    test('says where it comes from, and can be published from there alone, with provenance', () => {
      expect(manifest).toMatchObject({
        license: 'Apache-2.0',
        description: expect.any(String),
        keywords: expect.arrayContaining(['tidings']),
        repository: { type: 'git', url: manifests.get('packages/sdk')?.repository?.url, directory: folder },
        engines: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines,
        publishConfig: { access: 'public', provenance: true },
      });
    });

    test('gives publint nothing to say', async () => {
      const { messages, pkg } = await publint({ pack: { tarball: bytesOf(tarball).buffer }, strict: true });
      expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    });

    test('has types for every way to import it', async () => {
      const analysis = await checkPackage(createPackageFromTarballData(bytesOf(tarball)));
      expect(analysis.types).toEqual({ kind: 'included' });
      const problems = 'problems' in analysis ? analysis.problems : [];
      expect(problems.filter((each) => !('resolutionKind' in each && OLD_WAYS.has(each.resolutionKind)))).toEqual([]);
    });
  });
});
