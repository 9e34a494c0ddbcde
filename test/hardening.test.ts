import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';

const ROWS = readFileSync(join(ROOT, 'docs/hardening.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| H'))
  .map((line) => {
    const [id = '', input = '', answer = '', tests = ''] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    return { id, input, answer, tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string) };
  });

/** Rows of bad input that the page had when it was written: one that goes must be missed. */
const FEWEST_ROWS = 149;
/** Tests that the page about security cited when it was written. */
const FEWEST_CITED = 70;

// As a string of the source begins, in any quotes; those inside it may be escaped.
const begins = (source: string, text: string): boolean =>
  ["'", '"', '`'].some(
    (quote) => source.includes(quote + text) || source.includes(quote + text.replaceAll("'", "\\'")),
  );
// As a whole string, or the first characters of one.
const isCase = (source: string, text: string): boolean =>
  ["'", '"', '`'].some((quote) => source.includes(`${quote}${text}${quote}`));

/** What is wrong with the name of a test, `file: title` or `file: title › case`. */
function faultOf(name: string): string | undefined {
  const [, file = '', title = '', row] = /^(\S+\.ts): (.+?)(?: › (.+))?$/.exec(name) ?? [];
  if (file === '') return 'it is no `file: title`';
  if (!existsSync(join(ROOT, file))) return `there is no ${file}`;
  const source = readFileSync(join(ROOT, file), 'utf8');
  if (!begins(source, title)) return `${file} has no test of the title ${title}`;
  return row === undefined || isCase(source, row) ? undefined : `${file} has no case ${row}`;
}

describe('the page of bad input', () => {
  test('has every row, in one sequence without a gap', () => {
    expect(ROWS.map(({ id }) => id)).toEqual(Array.from({ length: ROWS.length }, (_, place) => `H1.${place + 1}`));
    expect(ROWS.length).toBeGreaterThanOrEqual(FEWEST_ROWS);
  });

  test('says for every input what is answered, and names a test', () => {
    for (const { id, input, answer, tests } of ROWS) {
      expect([input, answer], id).not.toContain('');
      expect(tests.length, `${id} has no test`).toBeGreaterThan(0);
    }
  });

  test('names only tests that exist', () => {
    const faults = ROWS.flatMap(({ id, tests }) =>
      tests.flatMap((name) => faultOf(name) ?? []).map((why) => `${id}: ${why}`),
    );
    expect(faults).toEqual([]);
  });
});

test('the page about security names only tests that exist', () => {
  const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const names = [...page.matchAll(/`(\S+\.ts: [^`]+)`/g)].map(([, name]) => name as string);
  expect(names.length).toBeGreaterThanOrEqual(FEWEST_CITED);
  expect(names.flatMap((name) => faultOf(name) ?? [])).toEqual([]);
});
