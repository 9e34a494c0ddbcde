import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';
import { readManifests, runNode } from './published-packages.ts';

/** What the samples take for given, as their readers do. */
const GIVEN = `
  declare const createTidings: typeof import('@tidings/sdk/subscriber').createTidings;
  declare const tidings: import('@tidings/sdk/subscriber').Tidings<{ 'orders.*': { state: string }; 'chat.>': string }>;
  declare const publisher: import('@tidings/sdk/publisher').Publisher;
  declare const session: { readonly userId: string };
  declare const model: { answer(question: string): AsyncIterable<string> };
  declare function show(what: string, value: string): void;
  declare function write(text: string): void;
  declare function reload(reason: string): void;
  declare function login(): void;`;

const SAMPLE = /^ *```(tsx?)\n(.*?)^ *```$/gms;

// In the repository, so that the packages are found as they have been built.
const cache = join(ROOT, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'readme-samples-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the samples in the READMEs of the published packages', () => {
  const names = [...readManifests()].flatMap(([path, { private: isPrivate }]) => (isPrivate ? [] : [path]));
  const files = names.flatMap((name) => {
    const text = readFileSync(join(ROOT, name, 'README.md'), 'utf8');
    return [...text.matchAll(SAMPLE)].flatMap(({ index, 1: suffix, 2: code = '' }) => {
      const file = `${name.replace('/', '-')}-line-${text.slice(0, index).split('\n').length + 1}.${suffix}`;
      writeFileSync(join(folder, file), code);
      return file;
    });
  });

  test('are in the README of the SDK for everything that it does', () => {
    const ofSdk = files.filter((file) => file.startsWith('packages-sdk'));
    expect(ofSdk.length).toBeGreaterThan(8);
  });

  test('have the types that they need', () => {
    writeFileSync(join(folder, 'given.d.ts'), GIVEN);
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      // A sample without an import is a module too: each stands for itself.
      moduleDetection: 'force',
      jsx: 'react-jsx',
      lib: ['es2023', 'dom', 'dom.iterable'],
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['given.d.ts', ...files] }));
    expect(runNode(join(ROOT, 'node_modules/typescript/bin/tsc'), ['-p', '.'], folder)).toBe('');
  });
});
