import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';
import { packPublished, runNode, runNpm } from '../published-packages.ts';

const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');
const PROGRAM = `
  import { createTidings, HubError } from '@tidings/sdk/subscriber';
  const tidings = createTidings<{ 'orders.*': { state: string } }>({ url: 'http://127.0.0.1:1' });
  tidings.subscribe('orders.42', ({ data }) => console.log(data.state.length));
  // @ts-expect-error There is no such member, and so the type has come through.
  tidings.subscribe('orders.42', ({ data }) => console.log(data.status));
  const error: Error = new HubError('timeout', 'Too late.');
  console.log(error);`;
/** Of a page without `skipLibCheck` the encoders' Buffer would ask for the types of Node. */
const WAYS_TO_COMPILE = {
  'Node, without DOM': { module: 'nodenext', types: ['node'], lib: ['es2023'], skipLibCheck: false },
  'a page, by a bundler': {
    module: 'esnext',
    moduleResolution: 'bundler',
    types: [],
    lib: ['es2023', 'dom', 'dom.iterable'],
    skipLibCheck: true,
  },
};

const destination = mkdtempSync(join(tmpdir(), 'tidings-installed-'));
afterAll(() => rmSync(destination, { recursive: true }));
const packed = packPublished(destination);

/** A folder outside of the repository with packages of ours in it, as npm installs them. */
function install(purpose: string, names: readonly string[]): string {
  const folder = mkdtempSync(join(destination, purpose));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarballs = packed.filter(({ manifest }) => names.includes(manifest.name)).map(({ tarball }) => tarball);
  runNpm(['install', '--prefer-offline', '--no-audit', ...tarballs], folder);
  return folder;
}

describe('the SDK, installed into an empty folder', () => {
  let folder: string;
  beforeAll(() => {
    folder = install('sdk-', ['@tidings/sdk', '@tidings/protocol']);
    symlinkSync(join(ROOT, 'node_modules/@types'), join(folder, 'node_modules/@types'));
    symlinkSync(join(ROOT, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'));
    writeFileSync(join(folder, 'program.ts'), PROGRAM);
  });

  test('brings no other package along', () => {
    const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
    const names = Object.keys(packages).filter((path) => path !== '');
    expect(names.sort()).toEqual(['node_modules/@tidings/protocol', 'node_modules/@tidings/sdk']);
  });

  test('is imported by Node', () => {
    const code = `const paths = ['subscriber', 'publisher'].map((path) => '@tidings/sdk/' + path);
      const modules = await Promise.all(paths.map((path) => import(path)));
      console.log(...modules.map(({ HubError }) => typeof HubError));`;
    writeFileSync(join(folder, 'main.js'), code);
    expect(runNode('main.js', [], folder)).toBe('function function\n');
  });

  test.each(Object.entries(WAYS_TO_COMPILE))('has types for %s', (name, ways) => {
    const compilerOptions = { target: 'es2023', strict: true, noEmit: true, ...ways };
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    expect(runNode(COMPILER, ['-p', `${name}.json`], folder)).toBe('');
  });
});

test('the command line, installed into an empty folder, runs', () => {
  const folder = install(
    'cli-',
    packed.map(({ manifest }) => manifest.name),
  );
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(runNpm(['exec', '--no', 'tidings', '--', '--version'], folder).trim()).toBe(version);
  expect(runNpm(['exec', '--no', 'tidings', 'config'], folder)).toContain('TIDINGS_NATS_URL');
});
