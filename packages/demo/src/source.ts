import { highlight } from 'sugar-high';
import type { FILES, SourceNote } from './app-list.ts';
import { escapeHtml } from './escape-html.ts';

/** A file of an application. */
export interface SourceFile {
  readonly name: (typeof FILES)[number];
  readonly text: string;
}

/**
 * A file as HTML: notes about its lines that matter, then its lines, in `span`s with classes.
 * @throws Error for a note about a line that is not there.
 */
export function renderSource({ name, text }: SourceFile, notes: readonly SourceNote[]): string {
  const lines = text.trimEnd().split('\n');
  const found = notes
    .filter(({ file }) => file === name)
    .map(({ line, says }) => {
      const place = lines.findIndex((each) => each.includes(line));
      if (place === -1) throw new Error(`${name} has no line with ${line}`);
      return { place, says };
    })
    .sort((one, other) => one.place - other.place);
  const marked = new Set(found.map(({ place }) => place));
  const idOf = (place: number): string => `${name.replace('.ts', '')}-${place + 1}`;
  const items = found.map(
    ({ place, says }) => `<li><a href="#${idOf(place)}">Line ${place + 1}</a> ${escapeHtml(says)}</li>`,
  );
  const code = renderLines(lines).map((line, place) =>
    marked.has(place) ? `<mark class="line" id="${idOf(place)}">${line}</mark>` : `<span class="line">${line}</span>`,
  );
  return `<ul class="notes">${items.join('')}</ul>
<pre class="code" tabindex="0" role="region" aria-label="${name}"><code>${code.join('\n')}</code></pre>`;
}

const OPENING = '<span class="sh__line">';
const CLOSING = '</span>';
// What has the colour of the text needs no element: most of a file.
const PLAIN_TOKEN = /<span class="sh__token--(?:sign|space|break|identifier|jsxliterals)">([^<]*)<\/span>/g;

function renderLines(lines: readonly string[]): readonly string[] {
  const html = highlight(lines.join('\n'), {
    lang: 'typescript',
    mark(token) {
      // Colours are those of the style sheet: the page takes no inline style.
      token.style = {};
    },
  });
  return html
    .replaceAll(PLAIN_TOKEN, '$1')
    .split('\n')
    .map((line) => line.slice(OPENING.length, -CLOSING.length));
}
