import { html, nothing, type TemplateResult } from 'lit';
import type { TokenClaims } from '../../token-claims.ts';
import { toRelative } from './relative-time.ts';
import type { TokenReport } from './token-report.ts';
import { describeRights, type TokenRights } from './token-rights.ts';

/** Claims that are times, in the order in which one reads them (RFC 7519 section 4.1). */
const TIMES = { iat: 'Issued (iat)', nbf: 'Valid from (nbf)', exp: 'Ends (exp)' } as const;

/** All that a token says of itself. */
export function renderReport(
  { header, claims, faults }: TokenReport,
  rights: TokenRights,
  nowMs: number,
): TemplateResult {
  const all = [...faults, ...rights.faults];
  return html`
    <section class="panel" aria-label="What it may do">
      <h2>What it may do</h2>
      <ul class="plain-list">${describeRights(rights).map((sentence) => html`<li>${sentence}</li>`)}</ul>
      <dl class="facts">
        <dt>Subscribe</dt><dd>${renderPatterns(rights.subscribe)}</dd>
        <dt>Publish</dt><dd>${renderPatterns(rights.publish)}</dd>
        <dt>Admin</dt><dd>${rights.admin ? 'yes' : 'no'}</dd>
        ${renderTimes(claims, nowMs)}
      </dl>
      <h3>What can be seen without the key</h3>
      ${
        all.length === 0
          ? html`<p class="good">Nothing is wrong with it. Whether it is genuine, the hub knows.</p>`
          : html`<ul class="plain-list fault">${all.map((fault) => html`<li>${fault}</li>`)}</ul>`
      }
    </section>
    <section class="panel" aria-label="Its parts">
      <h2>Header</h2>
      <pre tabindex="0" role="region" aria-label="Header">${JSON.stringify(header, null, 2)}</pre>
      <h2>Claims</h2>
      <pre tabindex="0" role="region" aria-label="Claims">${JSON.stringify(claims, null, 2)}</pre>
    </section>
  `;
}

const renderPatterns = (patterns: readonly string[]): TemplateResult | string =>
  patterns.length === 0
    ? 'nothing'
    : html`<ul class="plain-list">${patterns.map((pattern) => html`<li><code>${pattern}</code></li>`)}</ul>`;

function renderTimes(claims: TokenClaims & Readonly<Record<string, unknown>>, nowMs: number): unknown {
  return Object.entries(TIMES).map(([name, title]) => {
    const sec = claims[name];
    if (typeof sec !== 'number' || Math.abs(sec) > LAST_SEC) return nothing;
    const time = new Date(sec * 1000);
    return html`
      <dt>${title}</dt>
      <dd><time datetime=${time.toISOString()}>${time.toLocaleString('en-GB')}</time>, ${toRelative(sec * 1000, nowMs)}</dd>
    `;
  });
}

// ECMA-262: no Date is beyond it.
const LAST_SEC = 8.64e12;
