// `npm run assemble -- <folder>`: puts what runs in production into a new folder, and nothing else: the compiled services and
// packages, the packages of the lockfile that they need, what starts them in a container, and the bill of all of it. It must be
// built before. The image is made of this folder, and by nothing else than this (deploy/Dockerfile).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What is started; all else comes with it. */
const STARTED = ['services/edge', 'services/ingest', 'services/dispatcher', 'services/hub', 'packages/cli'];
/** What a workspace has of its own at run time. */
const PARTS = ['package.json', 'dist', 'assets', 'bundle'];
const FOR_DEVELOPERS = /\.(map|d\.ts|tsbuildinfo)$/;

const [target] = process.argv.slice(2);
if (target === undefined) fail('Say where: npm run assemble -- <folder>');
const folder = resolve(target);
if (existsSync(folder) && readdirSync(folder).length > 0) fail(`${folder} is not empty.`);

for (const name of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE']) copy(name);
for (const workspace of withDependencies(STARTED)) {
  if (!existsSync(join(ROOT, workspace, 'dist'))) fail(`${workspace} is not built: run npm run build.`);
  for (const part of PARTS) if (existsSync(join(ROOT, workspace, part))) copy(join(workspace, part));
}
for (const name of ['start.mjs', 'healthcheck.mjs']) copy(join('deploy/image', name), name);
npm('ci', '--omit=dev', '--omit=optional', '--no-audit', '--no-fund');
// What the lockfile says of tools for developers would count packages that both they and production need as theirs alone.
npm('pkg', 'delete', 'devDependencies');
writeFileSync(join(folder, 'sbom.cdx.json'), npm('sbom', '--sbom-format=cyclonedx'));

/** Runs npm in the new folder; gives back what it wrote. */
function npm(...words) {
  const stdio = /** @type {const} */ (['ignore', 'pipe', 'inherit']);
  const { status, stdout, error } = spawnSync('npm', words, { cwd: folder, stdio, maxBuffer: 64 * 1024 * 1024 });
  if (error !== undefined || status !== 0)
    fail(`npm ${words.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
  return stdout;
}

/** Those workspaces, and all of ours that they depend on. */
function withDependencies(workspaces) {
  const all = new Set();
  const visit = (workspace) => {
    if (all.has(workspace)) return;
    all.add(workspace);
    const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      const [, own] = /^@tidings\/(.+)/.exec(name) ?? [];
      if (own !== undefined)
        visit(['packages', 'services'].map((kind) => `${kind}/${own}`).find((path) => existsSync(join(ROOT, path))));
    }
  };
  workspaces.forEach(visit);
  return all;
}

function copy(path, into = path) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, path), join(folder, into), {
    recursive: true,
    filter: (source) => !FOR_DEVELOPERS.test(relative(ROOT, source)),
  });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
