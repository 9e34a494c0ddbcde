import { html, LitElement, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import uPlot from 'uplot';
import { formatClock } from '../quantity.ts';
import { type Chart, describeChart, valueAt } from './chart-list.ts';
import type { ChartColumns } from './metrics-history.ts';
import { createPlotOptions } from './plot-options.ts';

// A reader of the screen that reads a label again and again reads nothing else.
const LABEL_MS = 10_000;

// To make one takes some 20 ms: all at once would keep the page from answering.
let made: Promise<void> = Promise.resolve();
function inTurn(make: () => void): void {
  made = made.then(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => {
          try {
            make();
          } finally {
            resolve();
          }
        });
      }),
  );
}

/** A chart with its title and legend. It draws when it is given new columns, and when its width or the colours change. */
class MetricsChart extends LitElement {
  static override properties: PropertyDeclarations = {
    chart: { attribute: false },
    columns: { attribute: false },
    about: { attribute: false },
    pointed: { state: true },
  };
  declare chart: Chart;
  declare columns: ChartColumns;
  /** Whose numbers these are. */
  declare about: string;
  /** The place under the pointer. */
  declare private pointed: number | undefined;
  #plot: uPlot | undefined;
  #label = '';
  #labelledMs = Number.NEGATIVE_INFINITY;
  #end: (() => void) | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override firstUpdated(): void {
    inTurn(() => {
      if (this.isConnected) this.#draw();
    });
  }

  #draw(): void {
    const host = this.querySelector<HTMLElement>('.plot');
    if (host === null) return;
    const { options, readColours } = createPlotOptions(this.chart, host.clientWidth, (place) => {
      this.pointed = place;
    });
    const plot = new uPlot(options, this.#data(), host);
    this.#plot = plot;
    const resizes = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height });
    });
    resizes.observe(host);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const onScheme = (): void => {
      readColours();
      plot.redraw(false);
    };
    scheme.addEventListener('change', onScheme);
    this.#end = () => {
      resizes.disconnect();
      scheme.removeEventListener('change', onScheme);
      plot.destroy();
    };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#end?.();
  }

  protected override willUpdate(changed: PropertyValues): void {
    const nowMs = performance.now();
    if (changed.has('about') || nowMs - this.#labelledMs >= LABEL_MS) {
      this.#label = describeChart(this.chart, this.columns, this.about);
      this.#labelledMs = nowMs;
    }
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('columns')) this.#plot?.setData(this.#data());
  }

  #data(): uPlot.AlignedData {
    const { atSec, values } = this.columns;
    return [atSec, ...this.chart.series.map(({ member }) => values[member])];
  }

  protected override render(): TemplateResult {
    const { chart, columns } = this;
    const isPointed = this.pointed !== undefined && this.pointed < columns.atSec.length;
    const place = isPointed ? (this.pointed as number) : columns.atSec.length - 1;
    return html`
      <div class="legend">
        <h2>${chart.title}</h2>
        ${isPointed ? html`<span class="quiet number">${formatClock((columns.atSec[place] as number) * 1000)}</span>` : nothing}
        ${chart.series.map(
          (series) => html`
            <span><span class="key key-${series.colour}"></span> ${series.label}
              <strong class="number">${valueAt(chart, series, columns, place)}</strong></span>
          `,
        )}
      </div>
      <div class="plot" role="img" aria-label=${this.#label}></div>
    `;
  }
}

customElements.define('metrics-chart', MetricsChart);
