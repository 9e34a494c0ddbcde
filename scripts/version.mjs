// `npm run version`: makes of the changesets in .changeset a version. Every manifest gets it, CHANGELOG.md what they tell,
// and the lockfile follows. What it changed is then committed, and tagged once it is on the main branch.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeUnreleased, toSummary } from './changelog.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(join(ROOT, path), 'utf8');

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed`, { cause: error });
}

const names = readdirSync(join(ROOT, '.changeset')).filter((name) => name.endsWith('.md') && name !== 'README.md');
if (names.length === 0) {
  console.error('There are no changesets: npm run changeset');
  process.exit(1);
}
// Read before they are used up.
const summaries = names.sort().map((name) => toSummary(read(`.changeset/${name}`)));
run(process.execPath, ['node_modules/@changesets/cli/bin.js', 'version']);

const { version } = JSON.parse(read('packages/protocol/package.json'));
// Changesets looks at workspaces alone.
writeFileSync(
  join(ROOT, 'package.json'),
  read('package.json').replace(/"version": "[^"]*"/, `"version": "${version}"`),
);
const date = new Date().toISOString().slice(0, 10);
writeFileSync(join(ROOT, 'CHANGELOG.md'), closeUnreleased(read('CHANGELOG.md'), { version, date, summaries }));
run('npm', ['install', '--package-lock-only', '--ignore-scripts']);
run(process.execPath, ['scripts/check-lockfile.mjs']);
console.log(`Version ${version}. Commit it, and tag it v${version} on the main branch.`);
