import { html, nothing, type PropertyDeclarations, type PropertyValues, svg, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import { followMetrics } from '../metrics-feed.ts';
import { formatClock, formatCount } from '../quantity.ts';
import { type WatchedEdge, watchEdges } from './watched-edges.ts';

/** How many streams each edge holds, so that one sees an edge empty and others fill while a version is rolled out. */
class DrainList extends ConsolePage {
  static override properties: PropertyDeclarations = { edges: { state: true }, quietSinceMs: { state: true } };
  declare private edges: readonly WatchedEdge[];
  declare private quietSinceMs: number | undefined;
  readonly #openedMs = Date.now();
  #unfollow: (() => void) | undefined;

  constructor() {
    super();
    this.edges = [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.onLeave(() => this.#unfollow?.());
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('hub')) return;
    this.#unfollow?.();
    this.edges = [];
    this.quietSinceMs = undefined;
    this.#unfollow = followMetrics(this.hub, {
      snapshot: (snapshot) => {
        this.edges = watchEdges(this.edges, snapshot);
      },
      quiet: (sinceMs) => {
        this.quietSinceMs = sinceMs;
      },
    });
  }

  protected override render(): TemplateResult {
    const most = Math.max(1, ...this.edges.map(({ highest }) => highest));
    return html`
      <div class="row title">
        <h2 id="drain-title">Watch drain</h2>
        <p class="quiet number">highest since ${formatClock(this.#openedMs)}</p>
      </div>
      ${this.quietSinceMs === undefined ? nothing : html`<p class="fault">Nothing has come since ${formatClock(this.quietSinceMs)}.</p>`}
      ${
        this.edges.length === 0
          ? html`<p>Waiting for the first numbers.</p>`
          : html`
            <div class="scroll" tabindex="0" role="region" aria-labelledby="drain-title">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Edge</th>
                    <th scope="col" class="number">Streams</th>
                    <th scope="col" class="number">Highest</th>
                    <th scope="col">State</th>
                  </tr>
                </thead>
                <tbody>${this.edges.map((edge) => renderEdge(edge, most))}</tbody>
              </table>
            </div>
          `
      }
    `;
  }
}

function renderEdge({ node, streams, highest, state }: WatchedEdge, most: number): TemplateResult {
  const part = (count: number): number => (100 * count) / most;
  return html`
    <tr data-state=${state}>
      <th scope="row"><span class="mono">${node}</span>${svg`
        <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
          <rect class="highest" width=${part(highest)} height="4"></rect>
          <rect class="streams" width=${part(streams)} height="4"></rect>
        </svg>`}
      </th>
      <td class="number">${formatCount(streams)}</td>
      <td class="number">${formatCount(highest)}</td>
      <td>${state}</td>
    </tr>
  `;
}

customElements.define('drain-list', DrainList);
