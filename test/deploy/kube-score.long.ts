import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findProgram } from '../../scripts/programs/find.mjs';
import { copyDeployFolder, type DeployFolder } from './manifests.ts';

// A limit of the CPU is left out on purpose (test/deploy/pod-rules.ts insists). What else is passed over stands as an annotation,
// with its reason, in the object itself.
const ARGUMENTS = [
  'score',
  '--ignore-container-cpu-limit',
  '--output-format',
  'ci',
  '--kubernetes-version',
  'v1.36',
  '-',
];

let deploy: DeployFolder;
let kubeScore: string;

beforeAll(async () => {
  kubeScore = await findProgram('kube-score');
  deploy = await copyDeployFolder();
  await deploy.addOverlay('others', ['nats', 'tls', 'ingress-nginx', 'keda', 'jwks']);
});
afterAll(() => deploy?.remove());

function findingsOf(text: string): string[] {
  const { stdout, stderr, error } = spawnSync(kubeScore, ARGUMENTS, { input: text, encoding: 'utf8' });
  if (error) throw error;
  const lines = stdout.split('\n').filter((line) => line !== '');
  if (lines.length === 0) throw new Error(`kube-score says nothing: ${stderr}`);
  return lines.filter((line) => !/^\[(OK|SKIPPED)\]/.test(line));
}

test.each(['local', 'production', 'others', 'cells/eu-1', 'cells/eu-2'])(
  'kube-score finds nothing in the overlay "%s"',
  async (overlay) => {
    expect(findingsOf(await deploy.render(`overlays/${overlay}`))).toEqual([]);
  },
);

test('kube-score finds nothing in the load test beside the base that it is for', async () => {
  const both = `${await deploy.render('loadtest')}\n---\n${await deploy.render('overlays/production')}`;
  expect(findingsOf(both)).toEqual([]);
});

test('kube-score finds what an annotation passes over, and a pod without a probe', async () => {
  const text = await deploy.render('overlays/production');
  expect(findingsOf(text.replaceAll('kube-score/ignore', 'ignored'))).not.toEqual([]);
  const unready = text.replaceAll(/^ {8}readinessProbe:$/gm, '        startupProbe2:');
  expect(findingsOf(unready).join('\n')).toContain(
    'tidings-edge/tidings apps/v1/Deployment: Container is missing a readinessProbe',
  );
});
