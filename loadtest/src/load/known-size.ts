import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../server/measured-process.ts';

const FOLDER = join(ROOT, 'loadtest/k6/scenarios');

/** The variables that a scenario reads, by its source and by what that imports: one that is not read would be told and not be true. */
export function knownSizes(scenario: string): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  const read = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(/\bsize\(\s*'([A-Z0-9_]+)'/g)) names.add(name);
    for (const [, name = ''] of text.matchAll(/\b__ENV\.([A-Z0-9_]+)/g)) names.add(name);
    for (const [, path = ''] of text.matchAll(/from '(\.[^']+)'/g)) read(join(file, '..', path));
  };
  read(join(FOLDER, `${scenario}.ts`));
  return names;
}
