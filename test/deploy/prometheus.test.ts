import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { toFile } from '../../scripts/dashboards/dashboard.mjs';
import { DASHBOARDS } from '../../scripts/dashboards/write.mjs';
import { findProgram } from '../../scripts/programs/find.mjs';
import { ROOT } from '../hub-process.ts';
import { readKnownMetrics } from './known-metrics.ts';
import { namesIn } from './promql.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface RuleTest {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly { readonly exp_labels: { readonly severity: string } }[];
    }[];
  }[];
}

const FOLDER = join(ROOT, 'deploy/prometheus');
const RUNBOOKS = 'https://github.com/tidings/tidings/blob/main/docs/runbooks';
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const run = promisify(execFile);

const { groups } = parse(read('deploy/prometheus/rules.yaml')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const alerts = [...new Set(rules.map(({ alert }) => alert))];
const ruleTests = readdirSync(FOLDER).filter((name) => name.endsWith('.test.yaml'));
const pageOf = (alert: string): string => `${alert.replaceAll(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()}.md`;
const known = readKnownMetrics();

/** What is wrong with the names in an expression, as sentences. */
function faultsOf(expression: string): string[] {
  const { selectors, grouping } = namesIn(expression);
  const labelsOf = ({ metric }: { metric: string }): readonly string[] => known.get(metric) ?? [];
  const all = new Set(selectors.flatMap(labelsOf));
  return [
    ...selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => `there is no metric ${metric}`),
    ...selectors.flatMap((selector) =>
      selector.labels
        .filter((label) => !labelsOf(selector).includes(label))
        .map((label) => `${selector.metric} has no label ${label}`),
    ),
    ...grouping.filter((label) => !all.has(label)).map((label) => `none of its metrics has a label ${label}`),
  ];
}

test('the look at names sees a metric, a label and a grouping that do not exist', () => {
  expect(faultsOf('sum by (topic) (rate(tidings_nothing{job="a"}[5m])) / on (job) up{pod="x"} > 0.5')).toEqual([
    'there is no metric tidings_nothing',
    'tidings_nothing has no label job',
    'up has no label pod',
    'none of its metrics has a label topic',
  ]);
  expect(faultsOf('histogram_quantile(0.9, sum by (le) (rate(tidings_fanout_size_bucket{job=~"a|b"}[1m])))')).toEqual(
    [],
  );
});

describe('the rules of Prometheus', () => {
  let promtool: string;

  beforeAll(async () => {
    promtool = await findProgram('promtool');
  });

  test('are what promtool takes, and so is the configuration that loads them', async () => {
    await run(promtool, ['check', 'config', '--lint-fatal', 'prometheus.yaml'], { cwd: FOLDER });
    await run(promtool, ['check', 'rules', '--lint-fatal', 'rules.yaml'], { cwd: FOLDER });
  });

  test('fire when they should and are silent when they should not', async () => {
    // What it collects as garbage in its few seconds costs more than the memory.
    const env = { ...process.env, GOGC: 'off' };
    const { stdout } = await run(promtool, ['test', 'rules', ...ruleTests], { cwd: FOLDER, env });
    expect(stdout.match(/SUCCESS/g)).toHaveLength(ruleTests.length);
  });

  test('have a test each, of every severity, in which the alert fires, and one in which it is silent', () => {
    const checks = ruleTests.flatMap((file) =>
      (parse(read(`deploy/prometheus/${file}`)) as RuleTest).tests.flatMap((each) => each.alert_rule_test),
    );
    for (const { alert, labels } of rules) {
      const own = checks.filter(({ alertname }) => alertname === alert);
      const severities = own.flatMap((check) => check.exp_alerts.map(({ exp_labels }) => exp_labels.severity));
      expect(severities, alert).toContain(labels.severity);
      expect(own.some((check) => check.exp_alerts.length === 0)).toBe(true);
    }
    // A name that no rule has would be silent for good.
    for (const { alertname } of checks) expect(alerts).toContain(alertname);
  });

  test('say how bad it is, what it is, with a number, and where the page for it stands', () => {
    for (const { alert, labels, annotations } of rules) {
      expect(alert).toMatch(/^Tidings[A-Z]\w+$/);
      expect(['critical', 'warning']).toContain(labels.severity);
      expect(annotations.summary.length, alert).toBeLessThan(80);
      expect(annotations.description, alert).toMatch(/\d|\$value|\$labels/);
      expect(annotations.runbook_url).toBe(`${RUNBOOKS}/${pageOf(alert)}`);
    }
  });

  test('have a runbook each, which the index names, and there is no other', () => {
    const pages = readdirSync(join(ROOT, 'docs/runbooks')).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(alerts.map(pageOf).sort());
    const index = read('docs/runbooks/README.md');
    for (const rule of rules) {
      expect(index).toContain(`[${rule.alert}](${pageOf(rule.alert)}) | ${rule.labels.severity}`);
    }
    for (const alert of alerts) {
      const page = read(`docs/runbooks/${pageOf(alert)}`);
      expect(page.startsWith(`# ${alert}\n`), alert).toBe(true);
      const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
      expect(sections, alert).toEqual(['Meaning', 'Confirm', 'Causes', 'Not this', 'Over']);
    }
  });

  test('are asked of targets that compose has', () => {
    const { services } = parse(read('deploy/compose.yaml')) as { services: object };
    const config = parse(read('deploy/prometheus/prometheus.yaml')) as {
      scrape_configs: { static_configs: { targets: string[] }[] }[];
    };
    const targets = config.scrape_configs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) expect(Object.keys(services)).toContain(target.split(':')[0]);
  });

  test('name only jobs that are scraped', () => {
    const config = parse(read('deploy/prometheus/prometheus.yaml')) as { scrape_configs: { job_name: string }[] };
    const jobs = [...config.scrape_configs.map(({ job_name }) => job_name), 'tidings-hub'];
    for (const { expr } of rules) {
      for (const [, pattern = ''] of expr.matchAll(/job=~?"([^"]+)"/g)) {
        const [, list] = /^tidings-\((.+)\)$/.exec(pattern) ?? [];
        const named = list === undefined ? [pattern] : list.split('|').map((part) => `tidings-${part}`);
        for (const job of named) expect(jobs).toContain(job);
      }
    }
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s uses metrics and labels that exist',
    (_, { expr }) => {
      expect(faultsOf(expr)).toEqual([]);
    },
  );
});

test('a runbook asks only for metrics and labels that exist', () => {
  for (const alert of alerts) {
    const page = read(`docs/runbooks/${pageOf(alert)}`);
    for (const [, query = ''] of page.matchAll(/```promql\n([\s\S]*?)```/g)) {
      for (const line of query.trim().split('\n')) expect(faultsOf(line), `${alert}: ${line}`).toEqual([]);
    }
  }
});

describe('the dashboards of Grafana', () => {
  const links = DASHBOARDS.map((dashboard) => [dashboard.uid, dashboard] as const);

  test('are those that were made, and no other: node scripts/dashboards/write.mjs', () => {
    const files = readdirSync(join(ROOT, 'deploy/grafana')).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual(DASHBOARDS.map(({ uid }) => `${uid}.json`).sort());
    for (const dashboard of DASHBOARDS) expect(read(`deploy/grafana/${dashboard.uid}.json`)).toBe(toFile(dashboard));
  });

  test.each(links)('%s: each panel says what it shows, in which unit, and lies beside no other', (_, dashboard) => {
    const { panels, templating } = JSON.parse(toFile(dashboard));
    expect(templating.list.map(({ name }: { name: string }) => name)).toEqual(['datasource', 'job', 'instance']);
    const taken = new Set<string>();
    for (const { id, title, description, fieldConfig, targets, gridPos } of panels) {
      expect(description.length, title).toBeGreaterThan(20);
      expect(fieldConfig.defaults.unit, title).toMatch(/^(none|short|ops|s|Bps|bytes|percent|percentunit)$/);
      expect(targets.length, title).toBeGreaterThan(0);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(x < 24 && !taken.has(`${x} ${y}`), `${title} (${id})`).toBe(true);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  test.each(links)('%s uses metrics and labels that exist', (_, { marker, panels }) => {
    expect(known.has(marker)).toBe(true);
    for (const { title, queries } of panels) {
      for (const { expr } of queries) expect(faultsOf(expr), `${title}: ${expr}`).toEqual([]);
    }
  });

  test('are found where Grafana is told to look, by a data source that it is given', () => {
    const folder = join(ROOT, 'deploy/grafana/provisioning');
    expect(existsSync(join(folder, 'dashboards/tidings.yaml'))).toBe(true);
    const { datasources } = parse(readFileSync(join(folder, 'datasources/prometheus.yaml'), 'utf8'));
    expect(datasources).toMatchObject([{ type: 'prometheus', isDefault: true, jsonData: { timeInterval: '15s' } }]);
    const { global } = parse(read('deploy/prometheus/prometheus.yaml'));
    expect(datasources[0].jsonData.timeInterval).toBe(global.scrape_interval);
  });
});
