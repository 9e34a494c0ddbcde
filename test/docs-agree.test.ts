import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RECORD_PLAN, SCHEDULES_PLAN, STATE_PLAN, WORK_PLANS } from '@tidings/broker/nats';
import { GOODBYES, PROBLEMS } from '@tidings/protocol';
import { COMMAND_LINE_VARIABLES, VARIABLES } from '@tidings/runtime';
import { describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';
import { readManifests } from './published-packages.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Rows of the tables in a document whose first cell is code, as cells. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll('\\|', '|')),
    );
}

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'deploy/README.md',
  'deploy/kubernetes/README.md',
  'loadtest/README.md',
].concat(
  [...readManifests()].flatMap(([folder, manifest]) => (manifest.private ? [] : [`${folder}/README.md`])),
  readdirSync(join(ROOT, 'docs'), { recursive: true })
    .map((path) => `docs/${path}`)
    .filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/')),
);

describe('the documents and the code agree', () => {
  test('every problem code is described, with its status, and no other', () => {
    const described = rowsOf(read('docs/reference/errors.md')).map(([code, status]) => [code, Number(status)]);
    expect(described).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [`\`${code}\``, status]));
  });

  test('every variable stands in the README with its default and meaning, and no other', () => {
    const described = rowsOf(read('README.md').split('<!-- configuration')[1] as string);
    expect(described).toEqual(
      VARIABLES.map(({ name, fallback, meaning }) => [
        `\`${name}\``,
        fallback === undefined ? '' : `\`${fallback}\``,
        meaning,
      ]),
    );
  });

  test('every variable of the commands stands in their reference with its default and meaning, and no other', () => {
    const described = rowsOf(read('docs/reference/cli.md')).map(([name, _option, ...rest]) => [name, ...rest]);
    expect(described).toEqual(
      COMMAND_LINE_VARIABLES.map(({ name, fallback, meaning }) => [
        `\`${name}\``,
        fallback === undefined ? '' : `\`${fallback}\``,
        meaning,
      ]),
    );
  });

  test('every stream and bucket on the servers is among the places of personal data', () => {
    const places = read('docs/operations/privacy.md').split('## Access')[0] as string;
    const names = [STATE_PLAN, RECORD_PLAN, SCHEDULES_PLAN, ...WORK_PLANS].map(({ name }) => name);
    expect(names.filter((name) => !places.includes(`\`${name}\``))).toEqual([]);
  });

  test('every reason of a goodbye is named in the protocol', () => {
    const text = read('docs/reference/protocol.md');
    for (const reason of GOODBYES) expect(text).toContain(`\`${reason}\``);
  });

  test.each(documents)('%s links only to files that exist, and names only commands that exist', (path) => {
    const text = read(path);
    const { scripts } = JSON.parse(read('package.json'));
    for (const [, target = ''] of text.matchAll(/\]\(((?!https?:)[^)#]+)[^)]*\)/g)) {
      expect(existsSync(join(ROOT, dirname(path), target)), `${path} links to ${target}`).toBe(true);
    }
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(script);
  });

  test('the README leads to every guide', () => {
    const text = read('README.md');
    const guides = readdirSync(join(ROOT, 'docs/guides')).map((name) => `](docs/guides/${name})`);
    expect(guides.filter((link) => !text.includes(link))).toEqual([]);
  });

  test('every file that the tour of the source names exists', () => {
    const tour = read('README.md').split('## A tour of the source')[1] as string;
    const sources = ['packages', 'services', 'test'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true })
        .map(String)
        .filter((path) => !path.includes('node_modules') && !path.includes('dist')),
    );
    for (const [, name = ''] of tour.matchAll(/`([\w./-]+\.ts)`/g)) {
      expect(
        sources.some((path) => path.endsWith(name)),
        name,
      ).toBe(true);
    }
  });
});

describe('the README of the SDK', () => {
  test('names the sizes that are held', () => {
    const limits = JSON.parse(read('.size-limit.json')) as { name: string; limit?: string }[];
    const text = read('packages/sdk/README.md');
    for (const { limit } of limits.filter(({ name }) => /^(subscriber|react)/.test(name))) {
      expect(text).toContain(`under ${limit}`);
    }
  });
});
