// `npm run docs:api`: writes docs/reference/api from the docstrings. What does it stands in docs/api with a lockfile of its
// own, and is installed by the first run. With `--check` nothing is written, and a difference is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TOOL = join(ROOT, 'docs/api');
const PAGES = join(ROOT, 'docs/reference/api');

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: TOOL, encoding: 'utf8' });
  if (status === 0) return;
  console.error(`${command} ${args.join(' ')} failed in docs/api\n${error?.message ?? `${stdout}${stderr}`}`);
  process.exit(1);
}

function generate(folder) {
  const isInstalled = existsSync(join(TOOL, 'node_modules/typedoc'));
  if (!isInstalled) run('npm', ['ci', '--prefer-offline']);
  run(process.execPath, ['node_modules/typedoc/bin/typedoc', '--out', folder]);
}

/** The pages of a folder, by their name. */
function readPages(folder) {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

if (process.argv.includes('--check')) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-api-'));
  process.on('exit', () => rmSync(folder, { recursive: true }));
  generate(folder);
  const [expected, present] = [readPages(folder), readPages(PAGES)];
  const stale = [...new Set([...expected.keys(), ...present.keys()])].filter(
    (name) => expected.get(name) !== present.get(name),
  );
  if (stale.length > 0) {
    console.error(`docs/reference/api is out of date (${stale.join(', ')}): npm run docs:api`);
    process.exitCode = 1;
  }
} else generate(PAGES);
