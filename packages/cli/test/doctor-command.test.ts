import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMAND_LINE_VARIABLES, createMetrics, VARIABLES } from '@tidings/runtime';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../src/doctor/checks.ts';
import { toText } from '../src/doctor/report.ts';
import { runHere } from './command-run.ts';

const PAGE = fileURLToPath(new URL('../../../docs/operations/doctor.md', import.meta.url));
const SOURCES = fileURLToPath(new URL('../src/doctor', import.meta.url));

describe('tidings doctor', () => {
  test.each([
    [['--heartbet', '5'], 'There is no option --heartbet. Did you mean --heartbeat?'],
    [['https://events.example.com'], '"https://events.example.c…" is one word too many.'],
    [['--heartbeat', 'often'], '--heartbeat is a number from 1 to 60.'],
    [['--url', 'https://a.example/?access_token=x'], '--url is a URL without user, query and fragment.'],
    [['--origin', 'https://a.example/path'], '--origin is an origin such as https://app.example.com.'],
  ])('refuses %j as misuse of the command line', async (words, message) => {
    const { code, err } = await runHere(['doctor', ...words]);
    expect(code).toBe(64);
    expect(err).toContain(message);
  });

  test('puts what to fix under what was seen', () => {
    const text = toText({ check: 'clock', findings: [{ status: 'warning', says: 'It is late.', fix: 'Set it.' }] });
    expect(text).toBe(`warning  clock             It is late.\n${' '.repeat(27)}Fix: Set it.`);
  });
});

describe('what it says', () => {
  test('the page has a section for every check, in the order in which they run', () => {
    const sections = [...readFileSync(PAGE, 'utf8').matchAll(/^### `([\w-]+)`$/gm)].map(([, id]) => id);
    expect(sections).toEqual(CHECKS.map(({ id }) => id));
  });

  test('what a check needs comes before it', () => {
    for (const [place, { needs }] of CHECKS.entries()) {
      const before = CHECKS.slice(0, place).map(({ id }) => id);
      expect(before).toEqual(expect.arrayContaining([...needs]));
    }
  });

  test('names only variables, metrics and options that exist', async () => {
    const texts = [
      PAGE,
      ...readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => join(SOURCES, name)),
    ].map((path) => readFileSync(path, 'utf8'));
    const variables = new Set([...VARIABLES, ...COMMAND_LINE_VARIABLES].map(({ name }) => name));
    const metrics = await createMetrics().text();
    for (const text of texts) {
      for (const [name] of text.matchAll(/\bTIDINGS_[A-Z_]+\b/g)) expect(variables, name).toContain(name);
      for (const [name] of text.matchAll(/\b(tidings|nodejs)_[a-z0-9_]+\b/g)) expect(metrics).toContain(name);
    }
  });
});
