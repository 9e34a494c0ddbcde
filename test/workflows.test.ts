import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';
import { type Manifest, readManifests } from './published-packages.ts';

const FOLDER = join(ROOT, '.github/workflows');
const workflows = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));

describe('the workflows', () => {
  test.each(workflows)('pins actions by commit, with their version beside it: $name', ({ text }) => {
    for (const [, action] of text.matchAll(/uses: (.+)$/gm)) {
      expect(action).toMatch(/^(\.\/\S+|[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
    }
  });

  test.each(workflows)('gives every job the rights that it names, and none by itself: $name', ({ text }) => {
    expect(text).toMatch(/^permissions: \{\}$/m);
    const jobs = text.slice(text.indexOf('\njobs:')).split(/^ {2}(?=[\w-]+:$)/m);
    for (const job of jobs.slice(1)) expect(job).toMatch(/^ {4}permissions:$/m);
    // To change the repository, or what is asked of it, is nobody's right.
    expect(text).not.toMatch(/^ +(contents|pull-requests|actions): write$/m);
  });

  test('a release publishes every package that is not private, each after what it needs', () => {
    const release = workflows.find(({ name }) => name === 'release.yml')?.text ?? '';
    const order = /for name in (.+); do/.exec(release)?.[1]?.split(' ') ?? [];
    const published = [...readManifests().values()].filter((manifest) => !manifest.private);
    expect(order.map((name) => `@tidings/${name}`).sort()).toEqual(published.map(({ name }) => name).sort());
    const placeOf = (name: string): number => order.indexOf(name.replace('@tidings/', ''));
    const needsOf = ({ dependencies = {} }: Manifest): string[] =>
      Object.keys(dependencies).filter((name) => name.startsWith('@tidings/'));
    for (const manifest of published) {
      for (const name of needsOf(manifest)) expect(placeOf(name)).toBeLessThan(placeOf(manifest.name));
    }
  });
});
