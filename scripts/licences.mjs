// `npm run licences`: writes docs/reference/licences.md, what is installed with Tidings and under which licence. With
// `--check` it writes nothing, and fails when the page is not what it would write. Both fail for a licence that is not
// allowed. `--lockfile` and `--page` name other files.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** SPDX identifiers of licences that ask for no more than that their text comes along. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Unlicense',
]);

const ROOT = new URL('../', import.meta.url);
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    lockfile: { type: 'string', default: new URL('package-lock.json', ROOT).pathname },
    page: { type: 'string', default: new URL('docs/reference/licences.md', ROOT).pathname },
  },
});

/** What `npm ci --omit=dev` installs, workspaces left out, by name and version. */
function readPackages(lockfile) {
  const found = new Map();
  for (const [path, entry] of Object.entries(lockfile.packages)) {
    if (!path.includes('node_modules/') || entry.link || entry.dev) continue;
    const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    // The same version may be installed in more than one place.
    found.set(`${name}@${entry.version}`, { name, version: entry.version, licence: entry.license ?? 'not named' });
  }
  return [...found.keys()].sort().map((key) => found.get(key));
}

function toPage(packages) {
  const counts = new Map();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const summary = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([licence, count]) => `${licence} ${count}`);
  const rows = packages.map(({ name, version, licence }) => `| \`${name}\` | ${version} | ${licence} |`);
  return `# Licences

What \`npm ci --omit=dev\` installs beside Tidings itself, which is under Apache-2.0: ${packages.length} packages, as the lockfile pins and names
them. Written by \`npm run licences\`; a test fails when it is out of date, or when a licence is not one of those that
\`scripts/licences.mjs\` allows. The licence is the one that the package names in its own manifest.

${summary.join(', ')}.

| package | version | licence |
| --- | --- | --- |
${rows.join('\n')}
`;
}

const packages = readPackages(JSON.parse(readFileSync(values.lockfile, 'utf8')));
const problems = packages
  .filter(({ licence }) => !ALLOWED.has(licence))
  .map(({ name, version, licence }) => `${name} ${version} is under a licence that is not allowed: ${licence}`);
const page = toPage(packages);
if (values.check && problems.length === 0 && readFileSync(values.page, 'utf8') !== page) {
  problems.push(`${values.page} is out of date: npm run licences`);
}
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
if (!values.check) writeFileSync(values.page, page);
