import { layOut } from './panel.mjs';

const RUNBOOKS = 'https://github.com/tidings/tidings/blob/main/docs/runbooks/README.md';
const SCHEMA_VERSION = 41;

/**
 * @typedef {object} Dashboard
 * @property {string} uid Also the name of its file.
 * @property {string} title
 * @property {string} description
 * @property {string} jobs A regular expression of the jobs that it is about.
 * @property {string} marker A metric that each of their processes has, by which jobs and instances are found.
 * @property {readonly import('./panel.mjs').Panel[]} panels
 */

/** A dashboard as the file that Grafana reads. @param {Dashboard} dashboard */
export function toFile({ uid, title, description, jobs, marker, panels }) {
  const file = {
    uid: `tidings-${uid}`,
    title: `Tidings: ${title}`,
    description,
    tags: ['tidings'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    annotations: { list: [] },
    links: [
      { ...LINK, type: 'dashboards', title: 'Tidings', tags: ['tidings'], includeVars: false },
      { ...LINK, type: 'link', title: 'Runbooks', url: RUNBOOKS, icon: 'doc', targetBlank: true },
    ],
    templating: { list: [DATASOURCE, ...variablesOf(jobs, marker)] },
    panels: layOut(panels),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

const LINK = {
  asDropdown: false,
  icon: 'external link',
  includeVars: false,
  keepTime: true,
  tags: [],
  targetBlank: false,
};

const DATASOURCE = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
  current: {},
  hide: 0,
  refresh: 1,
  regex: '',
};

function variablesOf(jobs, marker) {
  const variable = (name, label, query, allValue) => ({
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: '$datasource' },
    definition: query,
    query: { query, refId: 'A' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue,
    current: { text: ['All'], value: ['$__all'] },
    hide: 0,
    regex: '',
  });
  return [
    variable('job', 'Job', `label_values(${marker}{job=~"${jobs}"}, job)`, jobs),
    variable('instance', 'Instance', `label_values(${marker}{job=~"$job"}, instance)`, '.*'),
  ];
}
