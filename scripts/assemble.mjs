// `npm run assemble -- <folder>`: puts what runs in production into a new folder, and nothing else: the compiled services and
// packages, and the packages of the lockfile that they need. It must be built before. The image is made of this folder.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What is started; all else comes with it. */
const STARTED = ['services/edge', 'services/ingest', 'services/hub', 'packages/cli'];
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
const { status } = spawnSync('npm', ['ci', '--omit=dev', '--omit=optional', '--no-audit', '--no-fund'], {
  cwd: folder,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;

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

function copy(path) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(ROOT, path), join(folder, path), {
    recursive: true,
    filter: (source) => !FOR_DEVELOPERS.test(relative(ROOT, source)),
  });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
