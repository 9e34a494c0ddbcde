import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../hub-process.ts';
import { faultsOfCompose, faultsOfImage, faultsOfManifests, faultsOfMetrics } from './agreement.ts';
import { type CodeFacts, readCodeFacts } from './code-facts.ts';
import { makeEnv, parseCompose, readComposeText } from './compose.ts';
import { parseImage, readDockerfile } from './dockerfile.ts';
import { copyDeployFolder, type DeployFolder } from './manifests.ts';

const METRIC_SOURCES = ['deploy/prometheus', 'deploy/grafana', 'docs/runbooks', 'docs/operations'];
const secrets = makeEnv();

/** All texts that have to agree with the code, by where they stand. */
interface Texts {
  readonly dockerfile: string;
  readonly compose: string;
  /** As kustomize renders them. */
  readonly local: string;
  readonly production: string;
  readonly metrics: Readonly<Record<string, string>>;
}

let deploy: DeployFolder;
let facts: CodeFacts;
let texts: Texts;

beforeAll(async () => {
  deploy = await copyDeployFolder();
  const [local, production] = await Promise.all(
    ['local', 'production'].map((overlay) => deploy.render(`overlays/${overlay}`)),
  );
  texts = {
    dockerfile: readDockerfile(),
    compose: readComposeText(),
    local: local as string,
    production: production as string,
    metrics: Object.fromEntries(METRIC_SOURCES.flatMap(readTexts)),
  };
  facts = await readCodeFacts();
});
afterAll(() => deploy?.remove());

function readTexts(folder: string): [string, string][] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => /\.(ya?ml|json|md)$/.test(name));
  return names.map((name) => [`${folder}/${name}`, readFileSync(join(ROOT, folder, name), 'utf8')]);
}

/** In what the texts and the code disagree, by where the text stands. */
function disagreements(said: Texts, known: CodeFacts, wanted?: string): string[] {
  const image = parseImage(said.dockerfile);
  const parts: Record<string, () => string[]> = {
    dockerfile: () => faultsOfImage(image, known),
    compose: () => faultsOfCompose(parseCompose(said.compose, secrets).services, image.env, known),
    local: () => [
      ...faultsOfManifests('local', said.local, image.env, known),
      ...faultsOfMetrics('local', said.local, known),
    ],
    production: () => [
      ...faultsOfManifests('production', said.production, image.env, known),
      ...faultsOfMetrics('production', said.production, known),
    ],
    metrics: () => Object.entries(said.metrics).flatMap(([where, text]) => faultsOfMetrics(where, text, known)),
  };
  return wanted === undefined ? Object.values(parts).flatMap((part) => part()) : (parts[wanted]?.() ?? []);
}

test('what deploy/ says of variables, ports, probes, words and metrics is what the code knows', () => {
  expect(disagreements(texts, facts)).toEqual([]);
});

describe('a change on one side alone is found', () => {
  /** @throws Error when there is nothing to change: the test would show nothing. */
  function change(text: string, from: string, to: string): string {
    if (!text.includes(from)) throw new Error(`there is no ${from}`);
    return text.replaceAll(from, to);
  }
  const changed = (name: 'dockerfile' | 'compose' | 'local' | 'production', from: string, to: string): Texts => ({
    ...texts,
    [name]: change(texts[name], from, to),
  });

  test.each([
    ['a variable of the image', 'dockerfile', 'TIDINGS_ADMIN_PORT=', 'TIDINGS_ADMIN_PROT='],
    ['a port of the image', 'dockerfile', 'EXPOSE 8080', 'EXPOSE 8081'],
    ['the port that the image sets', 'dockerfile', ' PORT=8080', ' PORT=8081'],
    ['what the image runs', 'dockerfile', 'CMD ["hub"]', 'CMD ["hbu"]'],
    ['its health check', 'dockerfile', '"healthcheck"]', '"healthy"]'],
    ['a variable of a container', 'compose', 'TIDINGS_NATS_URL:', 'TIDINGS_NATS_URLS:'],
    ['the value of a variable', 'compose', 'TIDINGS_CONSOLE: "on"', 'TIDINGS_CONSOLE: "yes"'],
    ['the word of a container', 'compose', 'command: [edge]', 'command: [egde]'],
    ['a variable of a pod', 'production', 'TIDINGS_DRAIN_MS:', 'TIDINGS_DRAIN:'],
    ['a variable of a pod', 'local', 'TIDINGS_NATS_URL:', 'TIDINGS_NATS:'],
    ['a port of a pod', 'production', 'containerPort: 9090', 'containerPort: 9091'],
    ['a probe of a pod', 'production', 'path: /readyz', 'path: /livez'],
    ['which port a probe asks', 'local', 'port: admin', 'port: http'],
    ['what a pod runs', 'production', '- ingest\n', '- ingets\n'],
    ['the metric of the autoscaler', 'production', 'tidings_connections_open', 'tidings_connections'],
  ] as const)('%s, in %s', (_, name, from, to) => {
    expect(disagreements(changed(name, from, to), facts, name)).not.toEqual([]);
  });

  test.each(METRIC_SOURCES.slice(0, 3))('a metric in each file of %s that names one', (folder) => {
    const files = Object.entries(texts.metrics).filter(
      ([where, text]) => where.startsWith(folder) && /tidings_\w+_\w+/.test(text),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const [where, text] of files) {
      const [, name = ''] = /(tidings_\w+_\w+)/.exec(text) ?? [];
      const metrics = { ...texts.metrics, [where]: text.replaceAll(name, `${name}_of_old`) };
      const faults = disagreements({ ...texts, metrics }, facts, 'metrics');
      expect(faults).toContain(`${where}: no service has ${name}_of_old`);
    }
  });

  test.each([
    ['a variable', () => ({ variables: without(facts.variables, 'TIDINGS_DRAIN_MS') })],
    ['the public port', () => ({ ports: { ...facts.ports, http: 8081 } })],
    ['the admin port', () => ({ ports: { ...facts.ports, admin: 9091 } })],
    ['the path of a probe', () => ({ probes: without(facts.probes, '/healthz') })],
    ['a word of the image', () => ({ words: without(facts.words, 'healthcheck') })],
    ['a metric', () => ({ metrics: without(facts.metrics, 'tidings_connections_open') })],
  ] as const)('%s of the code', (_, toChange) => {
    expect(disagreements(texts, { ...facts, ...toChange() })).not.toEqual([]);
  });
});

const without = (all: ReadonlySet<string>, one: string): Set<string> => {
  if (!all.has(one)) throw new Error(`there is no ${one}`);
  return new Set([...all].filter((each) => each !== one));
};
