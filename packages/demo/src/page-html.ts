import type { DemoApp } from './app-list.ts';
import { escapeHtml } from './escape-html.ts';

const head = (title: string, scripts: readonly string[]): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(title)}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/demo/demo.css">
    ${scripts.map((name) => `<script type="module" src="/demo/${name}.js"></script>`).join('\n    ')}
  </head>`;

/** The page at `/demo`: a card for each application. */
export function renderIndex(apps: readonly DemoApp[]): string {
  const cards = apps.map(
    ({ name, title, summary, shows }) => `
        <li class="card">
          <h2><a href="/demo/${name}">${escapeHtml(title)}</a></h2>
          <p>${escapeHtml(summary)}</p>
          <p class="shows">${escapeHtml(shows)}</p>
        </li>`,
  );
  return `${head('Tidings demo', [])}
  <body>
    <header class="top">
      <p class="brand"><a href="/">Tidings</a></p>
      <nav aria-label="Pages"><a href="/docs">API reference</a></nav>
    </header>
    <main>
      <h1>What people use a real-time hub for</h1>
      <p class="lead">Seven small applications that run on this hub. Each is one page and one back end, and shows its
        source beside it: take from there what you need.</p>
      <ul class="cards">${cards.join('')}
      </ul>
    </main>
  </body>
</html>
`;
}

/**
 * The page of an application.
 * @param sources of its files, as HTML, by name.
 */
export function renderAppPage(app: DemoApp, sources: Readonly<Record<string, string>>): string {
  const { name, title, tryIt, people } = app;
  const files = Object.entries(sources).map(([file, html], place) => ({ file, html, key: `source-${place}`, place }));
  const tabs = files.map(
    ({ file, key, place }) =>
      `<button type="button" role="tab" id="${key}-tab" aria-controls="${key}" aria-selected="${place === 0}"` +
      `${place === 0 ? '' : ' tabindex="-1"'}>${file}</button>`,
  );
  const panels = files.map(
    ({ html, key, place }) =>
      `<div role="tabpanel" id="${key}" aria-labelledby="${key}-tab"${place === 0 ? '' : ' hidden'}>${html}</div>`,
  );
  return `${head(`${title} · Tidings demo`, ['frame', name])}
  <body${people === undefined ? '' : ` data-people="${escapeHtml(people.join(' '))}"`}>
    <header class="top">
      <p class="back"><a href="/demo"><span aria-hidden="true">‹ </span>All applications</a></p>
      <h1>${escapeHtml(title)}</h1>
      <p class="state" id="state" role="status" data-state="idle">not connected</p>
    </header>
    <p class="banner" id="fault" role="alert"></p>
    <main>
      <p class="try"><strong>Try it.</strong> ${escapeHtml(tryIt)}
        ${people === undefined ? '' : '<span id="people"></span>'}</p>
      <div class="split">
        <section class="panel" aria-label="The application">
          <div id="app" class="${name}"></div>
          <noscript>This page needs JavaScript.</noscript>
        </section>
        <details class="source panel" open>
          <summary>Its source</summary>
          <div role="tablist" aria-label="Files">${tabs.join('')}</div>
          ${panels.join('\n          ')}
          <p class="quiet rest">What they import from <code>../</code> is in <code>packages/demo/src</code>:
            <code>frame/frame.ts</code> fetches tokens and asks the back end. The pages render with lit; any other way will do.</p>
        </details>
      </div>
    </main>
  </body>
</html>
`;
}
