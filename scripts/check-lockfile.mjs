// Fails when a lockfile would break `npm ci` for somebody else: npm leaves optional packages of other platforms out in
// silence when it can't reach them, and writes the address of the registry that happened to be in use.
import { readFileSync } from 'node:fs';

let problemsInAll = 0;

for (const path of ['package-lock.json', 'docs/api/package-lock.json']) {
  const lock = JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
  const problems = [];

  for (const [parent, entry] of Object.entries(lock.packages)) {
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const places = [`${parent}/node_modules/${name}`, `node_modules/${name}`];
      if (!places.some((place) => place in lock.packages))
        problems.push(`${name}, optional for ${parent}, has no entry`);
    }
    if (/^https?:/.test(entry.resolved ?? '')) problems.push(`${parent} holds the address of a registry`);
  }

  if (problems.length > 0) console.error(`${path}: ${problems.length} problems\n  ${problems.join('\n  ')}`);
  problemsInAll += problems.length;
}

if (problemsInAll > 0) {
  console.error('Add an entry with version, os, cpu and "optional": true for each package that is missing, and keep');
  console.error('omit-lockfile-registry-resolved=true in .npmrc. Then prove it: npm ci with an empty cache.');
  process.exit(1);
}
