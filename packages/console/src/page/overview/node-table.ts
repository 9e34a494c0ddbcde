import type { NodeMetrics } from '@tidings/protocol/client';
import { html, type TemplateResult } from 'lit';
import { formatClock, formatCount, formatLatency, formatPerSec } from '../quantity.ts';

const COLUMNS: readonly { readonly head: string; readonly of: (node: NodeMetrics) => string }[] = [
  { head: 'Streams', of: ({ streams }) => formatCount(streams) },
  { head: 'Lagging', of: ({ lagging }) => formatCount(lagging) },
  { head: 'In /s', of: ({ publishedPerSec }) => formatPerSec(publishedPerSec) },
  { head: 'Out /s', of: ({ deliveredPerSec }) => formatPerSec(deliveredPerSec) },
  { head: 'Published', of: ({ published }) => formatCount(published) },
  { head: 'Delivered', of: ({ delivered }) => formatCount(delivered) },
  { head: 'p50', of: ({ p50Ms }) => formatLatency(p50Ms) },
  { head: 'p99', of: ({ p99Ms }) => formatLatency(p99Ms) },
  { head: 'Ring', of: ({ resumes }) => formatCount(resumes.ring) },
  { head: 'History', of: ({ resumes }) => formatCount(resumes.history) },
  { head: 'Gap', of: ({ resumes }) => formatCount(resumes.gap) },
  { head: 'Gaps', of: ({ gaps }) => formatCount(gaps) },
  { head: 'Since', of: ({ since }) => formatClock(Date.parse(since)) },
];

/** What each node says. */
export function renderNodes(nodes: readonly NodeMetrics[]): TemplateResult {
  return html`
    <section class="panel">
      <h2 id="nodes-title">Nodes</h2>
      <div class="scroll" tabindex="0" role="region" aria-labelledby="nodes-title">
        <table class="nodes">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Is</th>
              ${COLUMNS.map(({ head }) => html`<th scope="col" class="number">${head}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${nodes.map(
              (node) => html`
                <tr>
                  <th scope="row" class="mono">${node.node}</th>
                  <td>${roleOf(node)}</td>
                  ${COLUMNS.map(({ of }) => html`<td class="number">${of(node)}</td>`)}
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
      <p class="quiet">Ring, history and gap are what served the streams that came with a cursor; gaps are how often a stream was
        told that events are missing.</p>
    </section>
  `;
}

function roleOf({ edge, draining }: NodeMetrics): string {
  if (!edge) return 'ingest';
  return draining === true ? 'edge, draining' : 'edge';
}
