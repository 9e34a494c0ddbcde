import type { MetricsSnapshot } from '@tidings/protocol/client';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import type { HubClient } from '../hub-client.ts';
import { followMetrics } from '../metrics-feed.ts';
import { formatClock } from '../quantity.ts';
import { CHARTS } from './chart-list.ts';
import './metrics-chart.ts';
import { createMetricsHistory, type MetricsHistory } from './metrics-history.ts';
import { renderNodes } from './node-table.ts';
import { countedSinceMs, toTiles } from './tile-list.ts';

/** What the cluster does for the tenant of the token, second by second. Nothing is rendered while nobody sees it. */
class OverviewPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    newest: { state: true },
    quietSinceMs: { state: true },
    node: { state: true },
  };
  declare private newest: MetricsSnapshot | undefined;
  declare private quietSinceMs: number | undefined;
  /** Whose numbers the charts show; `undefined`: those of all. */
  declare private node: string | undefined;
  #history: MetricsHistory = createMetricsHistory();
  #followed: HubClient | undefined;
  #unfollow: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.onLeave(() => {
      document.removeEventListener('visibilitychange', this.#onVisibility);
      this.#unfollow?.();
    });
  }

  readonly #onVisibility = (): void => this.requestUpdate();

  protected override shouldUpdate(): boolean {
    return !document.hidden || !this.hasUpdated;
  }

  // What changed while the page was hidden is not told here.
  protected override willUpdate(): void {
    if (this.#followed !== this.hub) this.#follow();
  }

  #follow(): void {
    this.#unfollow?.();
    this.#followed = this.hub;
    this.#history = createMetricsHistory();
    this.newest = undefined;
    this.quietSinceMs = undefined;
    this.#unfollow = followMetrics(this.hub, {
      snapshot: (snapshot) => {
        this.#history.add(snapshot, Date.now());
        this.newest = snapshot;
      },
      quiet: (sinceMs) => {
        this.quietSinceMs = sinceMs;
      },
    });
  }

  protected override render(): TemplateResult {
    const { tenant = 'default' } = this.hub.access.claims;
    const { newest } = this;
    const sinceMs = newest && countedSinceMs(newest);
    return html`
      <div>
      <p class="quiet">
        What all nodes do for the tenant <strong>${tenant}</strong>, told once a second.
        ${sinceMs === undefined ? nothing : html`Sums begin at ${formatClock(sinceMs)}, when somebody began to look.`}
      </p>
      <p role="status">${this.#renderState()}</p>
      </div>
      ${newest === undefined ? nothing : this.#renderNumbers(newest)}
    `;
  }

  #renderState(): TemplateResult | typeof nothing {
    if (this.newest === undefined) return html`Waiting for the first numbers.`;
    if (this.quietSinceMs === undefined) return nothing;
    return html`<span class="fault">Nothing has come since ${formatClock(this.quietSinceMs)}: what is shown is of then.</span>`;
  }

  #renderNumbers(newest: MetricsSnapshot): TemplateResult {
    const columns = this.#history.columnsOf(this.node);
    const about = this.node === undefined ? 'all nodes' : `node ${this.node}`;
    return html`
      <dl class="tiles">
        ${toTiles(newest).map(
          ({ name, value, unit, note }) => html`
            <div class="tile">
              <dt>${name}</dt>
              <dd class="number"><strong>${value}</strong> ${unit}</dd>
              <dd class="quiet">${note}</dd>
            </div>
          `,
        )}
      </dl>
      <div class="row">
        <label class="chooser">Charts show
          <select @change=${this.#onNode}>
            <option value="" .selected=${this.node === undefined}>all nodes</option>
            ${this.#selectable(newest).map(
              ({ node, label }) => html`<option value=${node} .selected=${node === this.node}>${label}</option>`,
            )}
          </select>
        </label>
      </div>
      <div class="columns charts">
        ${CHARTS.map(
          (chart) => html`
            <metrics-chart class="panel" .chart=${chart} .columns=${columns} .about=${about}></metrics-chart>
          `,
        )}
      </div>
      ${renderNodes(newest.nodes)}
    `;
  }

  /** The nodes of now, and the one that is shown although it is gone. */
  #selectable({ nodes }: MetricsSnapshot): readonly { readonly node: string; readonly label: string }[] {
    const present = nodes.map(({ node, edge }) => ({ node, label: `${node} (${edge ? 'edge' : 'ingest'})` }));
    const { node } = this;
    if (node === undefined || nodes.some((each) => each.node === node)) return present;
    return [...present, { node, label: `${node} (gone)` }];
  }

  readonly #onNode = (event: Event): void => {
    const { value } = event.currentTarget as HTMLSelectElement;
    this.node = value === '' ? undefined : value;
  };
}

customElements.define('overview-page', OverviewPage);
