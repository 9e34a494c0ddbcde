import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Of a Go module in this repository, a version that changes with every source that is built.
 * @param {string} folder From the root of the repository.
 * @returns {string} `of-nothing` where the sources are not there.
 */
export function versionOfModule(folder) {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return 'of-nothing';
  const hash = createHash('sha256');
  for (const file of sourcesIn(path))
    hash
      .update(`${file}\n`)
      .update(readFileSync(join(path, file)))
      .update('\n');
  return hash.digest('hex').slice(0, 16);
}

function sourcesIn(path) {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sources = files.filter((file) => /\.go$|go\.(mod|sum)$/.test(file) && !file.endsWith('_test.go'));
  return sources.map((file) => relative(path, file).split(sep).join('/')).sort();
}

/**
 * Builds a program of a Go module in this repository. The same sources give the same program, byte for byte, wherever
 * they are, and it needs no C compiler.
 * @param {{ folder: string, main: string }} source
 * @param {string} path Where the program goes.
 * @param {import('./find.mjs').Surroundings} surroundings
 * @param {number} timeout In milliseconds.
 */
export async function buildModule({ folder, main }, path, { env, run }, timeout) {
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
  const options = { cwd: join(ROOT, folder), env: { ...env, CGO_ENABLED: '0' }, timeout };
  await run('go', ['build', ...flags, '-o', path, main], options).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Error(`there is no Go on PATH (${goVersionOf(folder)} or later is needed: go.dev/dl)`);
  });
  return path;
}

function goVersionOf(folder) {
  const [, version] = /^go (\d+\.\d+)/m.exec(readFileSync(join(ROOT, folder, 'go.mod'), 'utf8')) ?? [];
  return `Go ${version}`;
}
