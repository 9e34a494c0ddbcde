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
  const waiting = html`<p class="quiet">The shop measures while somebody looks: it begins in a second.</p>`;
  render(gauges.size === 0 ? waiting : html`<dl class="gauges">${inOrder.map(gaugeView)}</dl>`, root);
}

const gaugeView = ([topic, gauge]: [string, Gauge]) => html`
  <div data-topic=${topic}>
    <dt>${gauge.label}</dt>
    <dd><span class="number">${gauge.value.toLocaleString('en')}</span> ${gauge.unit}</dd>
    <dd><meter aria-label="${gauge.label}, of ${gauge.most}" max=${gauge.most} value=${gauge.value}></meter></dd>
    <dd aria-hidden="true">${sparkline(gauge)}</dd>
  </div>
`;

function sparkline({ recent }: Gauge): unknown {
  const least = Math.min(...recent);
  const range = Math.max(...recent) - least || 1;
  const points = recent.map((value, place) => `${place * 4},${29 - ((value - least) / range) * 28}`);
  return html`<svg viewBox="0 0 116 30" preserveAspectRatio="none">${svg`<polyline points=${points.join(' ')} />`}</svg>`;
}

update();
