import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCESS_REFUSALS } from '@tidings/auth';
import { GOODBYES, PROBLEMS } from '@tidings/protocol';
import { createMetrics } from '@tidings/runtime';
import { describe, expect, test } from 'vitest';
import { ROOT } from './hub-process.ts';

const [, ours = '', others = ''] = readFileSync(join(ROOT, 'docs/reference/metrics.md'), 'utf8').split(
  /^## (?:Tidings|Node and the process)$/m,
);
const node = others.split('\n## ')[0] as string;

/** The rows of a table whose first cell is code, as cells. */
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(/ ?\| ?/));

/** The names before the colon of each part of a cell such as "`a`: `x`, `y`; `b`: …". */
const labelsOf = (cell: string): string[] => [...cell.matchAll(/(?:^|; )`(\w+)`: /g)].map(([, name]) => name as string);

describe('the reference of the metrics', () => {
  test('has every metric of the project with its type, labels and meaning, in order, and no other', () => {
    const described = rowsOf(ours).map(([name, type, labels = '', _unit, meaning]) => [
      name,
      type,
      labelsOf(labels),
      meaning,
    ]);
    const held = createMetrics().list.map(({ name, type, labels, help }) => [`\`${name}\``, type, labels, help]);
    expect(described).toEqual(held);
  });

  test('says a unit for each, and one that its name agrees with', () => {
    for (const [name = '', , , unit = ''] of rowsOf(ours)) {
      const [, word] = /_(seconds|bytes)/.exec(name) ?? [];
      if (word === undefined) expect(unit, name).toMatch(/^(1|0, 1|streams|events|spans|times)$/);
      else expect(unit, name).toContain(word);
    }
  });

  test('names every value of a label that has a series from the start, itself or by the list that it is in', async () => {
    const text = await createMetrics().text();
    const cells = new Map(rowsOf(ours).map(([name = '', , labels = '']) => [name.slice(1, -1), labels]));
    const series = [...text.matchAll(/^(tidings_\w+)\{(?!le=)\w+="([^"]+)"\} /gm)];
    expect(series.length).toBeGreaterThan(60);
    for (const [, name = '', value = ''] of series) {
      const cell = cells.get(name) ?? '';
      expect(
        cell.includes(`\`${value}\``) || (value in PROBLEMS && cell.includes('errors.md')),
        `${name} ${value}`,
      ).toBe(true);
    }
    for (const reason of GOODBYES) expect(cells.get('tidings_connections_closed_total')).toContain(`\`${reason}\``);
  });

  test('finds every reason of a refused token where it points to', () => {
    const refusals = readFileSync(join(ROOT, 'docs/reference/tokens.md'), 'utf8').split('## Refusals')[1];
    for (const reason of ACCESS_REFUSALS) expect(refusals).toContain(`| \`${reason}\``);
  });

  test('has every metric of Node and of the process that a service gives, and on Linux no other', async () => {
    const metrics = createMetrics();
    await metrics.text();
    const text = await metrics.text();
    const held = [...text.matchAll(/^# TYPE ((?:process|nodejs)_\w+) (\w+)$/gm)].map(([, name, type]) => [
      `\`${name}\``,
      type,
    ]);
    const described = rowsOf(node).map(([name, type]) => [name, type]);
    for (const row of held) expect(described).toContainEqual(row);
    if (process.platform === 'linux') expect(described).toEqual(held);
  });
});
