// How a panel is said in a line or two, and what Grafana wants to have for it.

const DATASOURCE = { type: 'prometheus', uid: '$datasource' };
const STAT_HEIGHT = 4;
const GRAPH_HEIGHT = 8;
const GREEN = { color: 'green', value: null };

/**
 * @typedef {object} Query
 * @property {string} expr Of PromQL; `$job`, `$instance` and `$__rate_interval` are Grafana's to fill in.
 * @property {string} [legend]
 * @property {readonly [number, number]} within What every value of it may be on a deployment that works, both included. Not a part of
 *   the file: the test of the whole asks each query and compares.
 * @property {'value' | 'info'} [of] `info`: it is its labels that are looked at.
 *
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} description What it means and what to look for.
 * @property {'stat' | 'timeseries' | 'table'} type
 * @property {string} unit One of Grafana's.
 * @property {number} width Of 24.
 * @property {readonly Query[]} queries
 * @property {readonly [string, number][]} [thresholds] Colours and from which value on; green below.
 * @property {number} [max] Of the axis.
 * @property {boolean} [stacked]
 */

/** @param {Omit<Panel, 'type' | 'width'> & { width?: number }} panel @returns {Panel} */
export const stat = (panel) => ({ width: 4, ...panel, type: 'stat' });

/** @param {Omit<Panel, 'type' | 'width'> & { width?: number }} panel @returns {Panel} */
export const graph = (panel) => ({ width: 12, ...panel, type: 'timeseries' });

/** @param {Omit<Panel, 'type' | 'width' | 'unit'> & { width?: number }} panel @returns {Panel} */
export const table = (panel) => ({ width: 24, unit: 'none', ...panel, type: 'table' });

/**
 * Quantiles of a histogram as queries.
 * @param {string} name Without `_bucket`.
 * @param {string} labels That it is selected by.
 * @param {readonly [number, number]} within
 * @param {readonly string[]} [by] What is told apart.
 * @returns {Query[]}
 */
export function quantiles(name, labels, within, by = []) {
  const groups = [...by, 'le'].join(', ');
  const prefix = by.map((label) => `{{${label}}} `).join('');
  return [0.5, 0.9, 0.99].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (${groups}) (rate(${name}_bucket{${labels}}[$__rate_interval])))`,
    legend: `${prefix}p${quantile * 100}`,
    within,
  }));
}

/** Lays panels out from left to right and from top to bottom, in Grafana's form. @param {readonly Panel[]} panels */
export function layOut(panels) {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel, place) => {
    const height = panel.type === 'stat' ? STAT_HEIGHT : GRAPH_HEIGHT;
    if (x + panel.width > 24) {
      y += rowHeight;
      [x, rowHeight] = [0, 0];
    }
    const gridPos = { h: height, w: panel.width, x, y };
    x += panel.width;
    rowHeight = Math.max(rowHeight, height);
    return toGrafana(panel, place + 1, gridPos);
  });
}

function toGrafana(panel, id, gridPos) {
  const { type, title, description, queries } = panel;
  return {
    id,
    type,
    title,
    description,
    gridPos,
    datasource: DATASOURCE,
    targets: queries.map(({ expr, legend = '__auto' }, place) => ({
      refId: String.fromCharCode(65 + place),
      datasource: DATASOURCE,
      editorMode: 'code',
      expr,
      legendFormat: legend,
      range: type === 'timeseries',
      instant: type !== 'timeseries',
      ...(type === 'table' && { format: 'table' }),
    })),
    fieldConfig: { defaults: defaultsOf(panel), overrides: [] },
    options: optionsOf(panel),
    ...(type === 'table' && {
      transformations: [{ id: 'organize', options: { excludeByName: { Time: true, Value: true } } }],
    }),
  };
}

function defaultsOf({ type, unit, max, stacked = false, thresholds = [] }) {
  const steps = [GREEN, ...thresholds.map(([color, value]) => ({ color, value }))];
  return {
    unit,
    min: 0,
    ...(max !== undefined && { max }),
    thresholds: { mode: 'absolute', steps },
    color: { mode: type === 'timeseries' ? 'palette-classic' : 'thresholds' },
    ...(type === 'timeseries' && {
      custom: {
        lineWidth: 1,
        fillOpacity: stacked ? 30 : 5,
        showPoints: 'never',
        stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: thresholds.length > 0 ? 'line' : 'off' },
      },
    }),
  };
}

function optionsOf({ type }) {
  if (type === 'table') return { showHeader: true, cellHeight: 'sm' };
  const reduceOptions = { calcs: ['lastNotNull'], fields: '', values: false };
  if (type === 'stat')
    return { reduceOptions, colorMode: 'value', graphMode: 'area', textMode: 'auto', justifyMode: 'auto' };
  return {
    legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
}
