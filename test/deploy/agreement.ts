import { ConfigurationError, loadSettings } from '@tidings/runtime';
import { parseAllDocuments } from 'yaml';
import type { CodeFacts } from './code-facts.ts';
import type { ComposeService } from './compose.ts';
import type { Image } from './dockerfile.ts';
import type { Manifest } from './manifests.ts';
import { type Container, environmentOf, workloadsOf } from './workload.ts';

/** Stands for a value that a secret has. */
const SECRET = 'a secret of this test that is 32 bytes or longer';
/** Variables of a container that are Node's, or that a file names, and not ours. */
const OF_OTHERS: ReadonlySet<string> = new Set(['NODE_OPTIONS', 'WEBHOOK_SECRET']);
const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const;

/** Where the variables, words and ports of one container of ours differ from what the code knows. */
interface Run {
  readonly where: string;
  readonly word: string | undefined;
  readonly env: Readonly<Record<string, string>>;
}

function faultsOfRun({ where, word = '', env }: Run, facts: CodeFacts): string[] {
  const faults = Object.keys(env)
    .filter((name) => !facts.variables.has(name) && !OF_OTHERS.has(name))
    .map((name) => `${where}: the code has no variable ${name}`);
  if (!facts.words.has(word)) faults.push(`${where}: the image does not know "${word}"`);
  if (['edge', 'ingest', 'hub', 'webhooks'].includes(word)) {
    try {
      const settings = loadSettings({ ...env }, { shared: word !== 'hub' });
      if (settings.port !== facts.ports.http) faults.push(`${where}: PORT is ${settings.port}`);
      if (settings.adminPort !== facts.ports.admin) faults.push(`${where}: the admin port is ${settings.adminPort}`);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      faults.push(...error.problems.map((problem) => `${where}: ${problem}`));
    }
  }
  return faults;
}

/** What the Dockerfile says of the variables, the ports and the first word. */
export function faultsOfImage({ env, command, health, exposed }: Image, facts: CodeFacts): string[] {
  const run = { where: 'Dockerfile', word: command[0], env: { ...env, TIDINGS_JWT_SECRET: SECRET } };
  const faults = faultsOfRun(run, facts);
  if (exposed !== `${facts.ports.http} ${facts.ports.admin}`) faults.push(`Dockerfile: EXPOSE is ${exposed}`);
  const [, , word = ''] = health;
  if (!facts.words.has(word)) faults.push(`Dockerfile: the health check asks for "${word}"`);
  return faults;
}

/** What compose.yaml says of the services that run our image. @param image variables of the Dockerfile. */
export function faultsOfCompose(
  services: Readonly<Record<string, ComposeService>>,
  image: Readonly<Record<string, string>>,
  facts: CodeFacts,
): string[] {
  const ours = Object.entries(services).filter(([, service]) => service.image.startsWith('tidings:'));
  return ours.flatMap(([name, { environment, entrypoint, command, healthcheck }]) => {
    const where = `compose.yaml ${name}`;
    const run = { where, word: entrypoint?.[2] ?? command?.[0], env: { ...image, ...environment } };
    const asked = healthcheck?.test?.[3];
    const isKnown = asked === undefined || facts.words.has(asked);
    return [...faultsOfRun(run, facts), ...(isKnown ? [] : [`${where}: the health check asks for "${asked}"`])];
  });
}

const parsed = new Map<string, readonly Manifest[]>();

/** To read 4,000 lines takes a third of a second: each text is read once. */
function parseManifests(rendered: string): readonly Manifest[] {
  const manifests = parsed.get(rendered) ?? parseAllDocuments(rendered).map((each) => each.toJS() as Manifest);
  parsed.set(rendered, manifests);
  return manifests;
}

/** What rendered manifests say of the pods that run our image. @param image variables of the Dockerfile. */
export function faultsOfManifests(
  where: string,
  rendered: string,
  image: Readonly<Record<string, string>>,
  facts: CodeFacts,
): string[] {
  const manifests = parseManifests(rendered);
  return workloadsOf(manifests).flatMap(({ title, pod }) =>
    pod.containers
      .filter((container) => container.image.includes('/tidings:'))
      .flatMap((container) => {
        const place = `${where} ${title}`;
        const env = { ...image, ...environmentOf(container, manifests), ...keysOf(container) };
        return [
          ...faultsOfRun({ where: place, word: container.args?.[0], env }, facts),
          ...faultsOfPorts(place, container, facts),
        ];
      }),
  );
}

/** The keys of tokens come as a whole secret, whose names are chosen by whoever makes it. */
const keysOf = ({ envFrom = [] }: Container): Record<string, string> =>
  envFrom.some(({ secretRef }) => secretRef !== undefined) ? { TIDINGS_JWT_SECRET: SECRET } : {};

function faultsOfPorts(where: string, container: Container, facts: CodeFacts): string[] {
  const faults = (container.ports ?? [])
    .filter(({ name, containerPort }) => facts.ports[name as 'http' | 'admin'] !== containerPort)
    .map(({ name, containerPort }) => `${where}: the port ${name} is ${containerPort}`);
  for (const kind of PROBES) {
    const asked = container[kind]?.httpGet;
    if (asked === undefined) continue;
    if (!facts.probes.has(asked.path)) faults.push(`${where}: the ${kind} asks for ${asked.path}`);
    if (asked.port !== 'admin') faults.push(`${where}: the ${kind} asks the port ${asked.port}`);
  }
  return faults;
}

/** Names of our metrics in a text, be it a rule, a dashboard, a manifest or a page, that no registry has. */
export function faultsOfMetrics(where: string, text: string, facts: CodeFacts): string[] {
  const names = new Set([...text.matchAll(/(?<![\w:./-])tidings_[a-z_]+(?![\w:-])/g)].map(([name]) => name));
  return [...names].filter((name) => !facts.metrics.has(name)).map((name) => `${where}: no service has ${name}`);
}
