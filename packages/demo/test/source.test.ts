import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { APPS, FILES } from '../src/app-list.ts';
import { renderSource } from '../src/source.ts';

const sources = APPS.flatMap(({ name, notes }) =>
  FILES.map((file) => ({
    path: `${name}/${file}`,
    file,
    notes,
    text: readFileSync(new URL(`../src/${name}/${file}`, import.meta.url), 'utf8'),
  })),
);

/** The text that a browser shows of HTML without line breaks of its own. */
const textOf = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#039;', "'")
    .replaceAll('&amp;', '&');

const codeOf = (html: string): string => /<code>([\s\S]*)<\/code>/.exec(html)?.[1] ?? '';

describe('the source beside an application', () => {
  test.each(sources)(
    'shows $path to the letter, marks the lines that its notes name, and has no inline style',
    (source) => {
      const html = renderSource({ name: source.file, text: source.text }, source.notes);
      expect(textOf(codeOf(html))).toBe(source.text.trimEnd());
      expect(html).not.toContain('style=');
      const own = source.notes.filter(({ file }) => file === source.file);
      expect(html.match(/<mark /g)?.length ?? 0).toBe(own.length);
      for (const { line } of own) expect(source.text).toContain(line);
    },
  );

  test('is short enough to be read, and has something worth reading in both files', () => {
    for (const { path, text } of sources) expect(text.split('\n').length, path).toBeLessThanOrEqual(110);
    for (const { notes, name } of APPS) expect(new Set(notes.map(({ file }) => file)).size, name).toBe(2);
  });

  test('can hold whatever a file may have: markup, entities, nothing', () => {
    const text = 'const a = `<b>&amp;</b>`;\n\n// </code></pre><script>alert(1)</script> &lt;\n';
    const html = renderSource({ name: 'page.ts', text }, []);
    expect(html).not.toMatch(/<script|<b>/);
    expect(textOf(codeOf(html))).toBe(text.trimEnd());
    expect(() => renderSource({ name: 'page.ts', text: '' }, [])).not.toThrow();
  });

  test('has no note about a line that is not there', () => {
    const note = { file: 'page.ts', line: 'gone', says: 'x' } as const;
    expect(() => renderSource({ name: 'page.ts', text: 'here' }, [note])).toThrow('page.ts has no line with gone');
  });
});
