import { createTidings } from '@tidings/sdk/subscriber';
import { html, render, svg } from 'lit';
import { fetchToken, root, showConnection } from '../frame/frame.ts';
import type { DashboardTopics, Gauge } from './back-end.ts';

const gauges = new Map<string, Gauge>();

const tidings = createTidings<DashboardTopics>({ token: fetchToken });
showConnection(tidings);

tidings.subscribe(
  'demo.dashboard.*',
  ({ topic, data }) => {
    gauges.set(topic, data);
    update();
  },
  { replay: 'last' },
);

function update(): void {
  const inOrder = [...gauges].sort(([one], [other]) => one.localeCompare(other));
  render(
    gauges.size === 0
      ? html`<p class="quiet">The shop opens its eyes when somebody looks: in a second.</p>`
      : html`<dl class="gauges">
          ${inOrder.map(
            ([topic, gauge]) => html`
            <div data-topic=${topic}>
              <dt>${gauge.label}</dt>
              <dd><span class="number">${gauge.value.toLocaleString('en')}</span> ${gauge.unit}</dd>
              <dd><meter aria-label="${gauge.label}, of ${gauge.most}" max=${gauge.most} value=${gauge.value}></meter></dd>
              <dd aria-hidden="true">${sparkline(gauge)}</dd>
            </div>
          `,
          )}
        </dl>`,
    root,
  );
}

function sparkline({ recent, most }: Gauge): unknown {
  const points = recent.map((value, place) => `${place * 4},${30 - (value / most) * 30}`);
  return html`<svg viewBox="0 0 116 30" preserveAspectRatio="none">${svg`<polyline points=${points.join(' ')} />`}</svg>`;
}

update();
