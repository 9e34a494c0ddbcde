// `node scripts/prometheus-rule.mjs`: wraps the groups of deploy/prometheus/rules.yaml into the object that the Prometheus
// Operator takes. Kustomize can put no file into a field of an object, so what comes of it is in the repository; a test
// compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('..', import.meta.url);
const RULES = new URL('deploy/prometheus/rules.yaml', ROOT);
const WRAPPED = new URL('deploy/kubernetes/components/monitoring/prometheus-rule.yaml', ROOT);

const HEAD = `# Made by scripts/prometheus-rule.mjs of deploy/prometheus/rules.yaml: change that one.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: tidings
  labels:
    app.kubernetes.io/name: tidings
    app.kubernetes.io/part-of: tidings
spec:
`;

/**
 * The text of a rule file as that of a PrometheusRule. Every line is indented, so that comments stay.
 * @param {string} rules
 * @returns {string}
 */
export function toPrometheusRule(rules) {
  return HEAD + rules.replace(/^(?=.)/gm, '  ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(WRAPPED, toPrometheusRule(readFileSync(RULES, 'utf8')));
}
