import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseWebhooksFile } from '../../packages/webhooks/src/webhooks-file.ts';
import { toPrometheusRule } from '../../scripts/prometheus-rule.mjs';
import { ROOT } from '../hub-process.ts';
import type {
  AdapterValues,
  AutoscalerSpec,
  PodMonitorSpec,
  ScaledObjectSpec,
  TrafficPolicySpec,
} from './custom-objects.ts';
import { readOperations, ruleFor } from './http-route.ts';
import { copyDeployFolder, type DeployFolder, type Manifest } from './manifests.ts';
import { tryNatsConfiguration } from './nats-configuration.ts';
import { allows, type Peer, podsOf } from './network-flow.ts';
import { podFaultsOf } from './pod-rules.ts';
import { createSchemaChecks } from './schema-check.ts';
import { drainMsOf, environmentOf, workloadsOf } from './workload.ts';

/** Every component is in one of them. */
const OVERLAYS = ['local', 'production', 'others'] as const;
const OTHERS = ['nats', 'tls', 'tls-cert-manager', 'ingress-nginx', 'keda', 'jwks'];

let deploy: DeployFolder;
const built = new Map<string, readonly Manifest[]>();
let loadTest: readonly Manifest[];
let withWebhooks: readonly Manifest[];

beforeAll(async () => {
  deploy = await copyDeployFolder();
  await deploy.addOverlay('others', OTHERS);
  await deploy.addOverlay('webhooks', ['nats', 'webhooks', 'monitoring']);
  const all = await Promise.all(OVERLAYS.map((overlay) => deploy.build(`overlays/${overlay}`)));
  for (const [place, overlay] of OVERLAYS.entries()) built.set(overlay, all[place] ?? []);
  loadTest = await deploy.build('loadtest');
  withWebhooks = await deploy.build('overlays/webhooks');
});
afterAll(() => deploy?.remove());

const of = (overlay: (typeof OVERLAYS)[number]): readonly Manifest[] => built.get(overlay) ?? [];

function find(overlay: (typeof OVERLAYS)[number], kind: string, name: string): Manifest {
  const found = of(overlay).find((manifest) => manifest.kind === kind && manifest.metadata.name.startsWith(name));
  if (found === undefined) throw new Error(`${overlay} has no ${kind} ${name}.`);
  return found;
}

describe('what Kubernetes is given', () => {
  test('is known to the two newest versions, down to the last field', async () => {
    const checks = await createSchemaChecks();
    expect(checks).toHaveLength(2);
    for (const { version, faultsOf } of checks) {
      const faults = OVERLAYS.flatMap((overlay) =>
        of(overlay).flatMap((manifest) =>
          faultsOf(manifest).map((fault) => `${overlay} ${manifest.kind} ${manifest.metadata.name}${fault}`),
        ),
      );
      expect(faults, version).toEqual([]);
      for (const [kind, name] of [
        ['Deployment', 'tidings-edge'],
        ['HTTPRoute', 'tidings'],
        ['PodMonitor', 'tidings-edge'],
      ] as const) {
        const spec = { ...(find('production', kind, name).spec as object), maxSkew: 1 };
        expect(faultsOf({ ...find('production', kind, name), spec })).toEqual([
          '/spec must NOT have additional properties {"additionalProperty":"maxSkew"}',
        ]);
      }
    }
  });

  test('runs every pod as must be true, in every overlay', () => {
    for (const overlay of OVERLAYS) {
      expect(
        workloadsOf(of(overlay))
          .map(({ name }) => name)
          .sort(),
      ).toEqual(['tidings-edge', 'tidings-ingest', 'tidings-nats', 'tidings-nats-setup']);
      expect(podFaultsOf(of(overlay))).toEqual([]);
    }
  });

  test('holds no secret but those that the local overlay makes for itself', () => {
    const secrets = OVERLAYS.flatMap((overlay) => of(overlay).filter(({ kind }) => kind === 'Secret'));
    expect(secrets.map(({ metadata: { name } }) => name.replace(/-\w+$/, ''))).toEqual([
      'tidings-nats-passwords',
      'tidings-token-keys',
    ]);
    expect(secrets).toEqual(of('local').filter(({ kind }) => kind === 'Secret'));
  });

  test('puts all of it into one namespace, which admits restricted pods alone', () => {
    for (const overlay of ['local', 'production'] as const) {
      const outside = of(overlay).filter(({ metadata: { namespace } }) => namespace !== 'tidings');
      expect(outside.map(({ kind }) => kind)).toEqual(['Namespace']);
      expect(outside[0]?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    }
  });
});

describe('a fault in a pod is found', () => {
  const edge = '/spec/template/spec';
  const container = `${edge}/containers/0`;
  test.each([
    [`${edge}/securityContext/runAsNonRoot`, false, 'may run as root'],
    [`${edge}/securityContext/seccompProfile`, undefined, 'has no seccomp profile'],
    [`${edge}/automountServiceAccountToken`, undefined, 'has a token of its service account'],
    [`${edge}/serviceAccountName`, undefined, 'uses the account of everybody'],
    [`${edge}/enableServiceLinks`, undefined, 'is told of services in its environment'],
    [`${edge}/hostNetwork`, true, 'shares a namespace with its node'],
    [`${edge}/volumes`, [{ name: 'x', hostPath: { path: '/' } }], 'the volume x is of a kind that is not allowed'],
    [`${edge}/topologySpreadConstraints/0`, {}, 'is not spread over topology.kubernetes.io/zone'],
    ['/spec/strategy/rollingUpdate/maxUnavailable', 1, 'takes a pod away before its successor is ready'],
    [`${container}/image`, 'ghcr.io/tidings/tidings:latest', 'the image ghcr.io/tidings/tidings:latest is not pinned'],
    [`${container}/securityContext/readOnlyRootFilesystem`, false, 'may write to its root file system'],
    [`${container}/securityContext/allowPrivilegeEscalation`, undefined, 'may gain privileges'],
    [`${container}/securityContext/capabilities`, { add: ['NET_ADMIN'] }, 'has capabilities'],
    [`${container}/ports/0/hostPort`, 80, 'has a port of its node'],
    [`${container}/resources/requests`, {}, 'asks for no CPU or memory'],
    [`${container}/resources/limits/memory`, undefined, 'has no limit of memory'],
    [`${container}/resources/limits/cpu`, '1', 'has a limit of the CPU'],
    [`${container}/lifecycle`, undefined, 'is told to end before balancers are'],
    [`${edge}/terminationGracePeriodSeconds`, 85, 'has 85 s to end, and needs more than 85 s'],
  ])('%s: %j', (path, value, fault) => {
    const broken = structuredClone(of('production')) as Manifest[];
    const deployment = broken.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'tidings-edge');
    const keys = path.split('/').slice(1);
    const last = keys.pop() as string;
    // biome-ignore lint/suspicious/noExplicitAny: the test goes to any place of an object.
    const parent = keys.reduce((place: any, key) => place[key], deployment);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
    expect(podFaultsOf(broken).join('\n')).toContain(fault);
  });
});

describe('the network policies', () => {
  const labelled = (namespace: string, labels: Record<string, string>): Peer => ({ namespace, labels });
  const prometheus = labelled('monitoring', { 'app.kubernetes.io/name': 'prometheus' });
  const stranger = labelled('default', { 'app.kubernetes.io/name': 'tidings', 'app.kubernetes.io/component': 'edge' });
  const neighbour = labelled('tidings', { 'app.kubernetes.io/name': 'other' });
  const dns = labelled('kube-system', { 'k8s-app': 'kube-dns' });
  const gateway = labelled('envoy-gateway-system', { 'gateway.envoyproxy.io/owning-gateway-name': 'tidings' });
  const nginx = labelled('ingress-nginx', { 'app.kubernetes.io/name': 'ingress-nginx' });
  /** A pod of Tidings that no policy thought of. */
  const newcomer = labelled('tidings', { 'app.kubernetes.io/part-of': 'tidings' });
  const internet = { address: '203.0.113.7' };

  test('let through what the work needs, and nothing else', () => {
    const manifests = of('production');
    const [edge, ingest, nats, setup] = ['edge', 'ingest', 'nats', 'nats-setup'].map((name) =>
      podsOf(manifests, `tidings-${name}`),
    ) as [Peer, Peer, Peer, Peer];
    const peers = {
      edge,
      ingest,
      nats,
      setup,
      prometheus,
      stranger,
      neighbour,
      newcomer,
      dns,
      gateway,
      nginx,
      internet,
    };
    const passing = Object.entries(peers).flatMap(([from, sender]) =>
      Object.entries(peers).flatMap(([to, receiver]) =>
        ['edge', 'ingest', 'nats', 'setup', 'newcomer'].some((ours) => ours === from || ours === to)
          ? [53, 443, 4222, 6222, 7777, 8080, 8222, 9090]
              .filter((port) => allows(manifests, sender, receiver, port))
              .map((port) => `${from} -> ${to} ${port}`)
          : [],
      ),
    );
    expect(passing.sort()).toEqual(
      [
        ...['edge', 'ingest', 'nats', 'setup', 'newcomer'].map((from) => `${from} -> dns 53`),
        ...['edge', 'ingest', 'setup'].map((from) => `${from} -> nats 4222`),
        'nats -> nats 6222',
        'gateway -> edge 8080',
        'gateway -> ingest 8080',
        'prometheus -> edge 9090',
        'prometheus -> ingest 9090',
        'prometheus -> nats 7777',
      ].sort(),
    );
  });

  test('let edges and ingests out to an issuer of keys only with the component for it, and to nothing private', () => {
    const edge = podsOf(of('others'), 'tidings-edge');
    expect(allows(of('others'), edge, internet, 443)).toBe(true);
    expect(allows(of('others'), edge, internet, 80)).toBe(false);
    expect(allows(of('others'), edge, { address: '10.1.2.3' }, 443)).toBe(false);
    expect(allows(of('others'), edge, { address: '169.254.169.254' }, 443)).toBe(false);
    expect(allows(of('others'), podsOf(of('others'), 'tidings-nats'), internet, 443)).toBe(false);
    expect(allows(of('others'), nginx, edge, 8080)).toBe(true);
    expect(allows(of('others'), gateway, edge, 8080)).toBe(false);
  });
});

describe('the component for webhooks', () => {
  const internet = { address: '203.0.113.7' };

  test('has pods as all others are, which have a file that can be read', async () => {
    expect(podFaultsOf(withWebhooks)).toEqual([]);
    for (const { version, faultsOf } of await createSchemaChecks()) {
      expect(
        withWebhooks.flatMap((manifest) => faultsOf(manifest)),
        version,
      ).toEqual([]);
    }
    const file = withWebhooks.find(({ metadata: { name } }) => name.startsWith('tidings-webhooks-file'));
    const { endpoints } = parseWebhooksFile(file?.data?.['webhooks.json'] ?? '');
    expect(endpoints).toHaveLength(1);
    for (const name of ['tidings-edge', 'tidings-webhooks']) {
      const pod = workloadsOf(withWebhooks).find((workload) => workload.name === name)?.pod;
      const [container] = pod?.containers ?? [];
      const env = container && environmentOf(container, withWebhooks);
      expect(env?.TIDINGS_WEBHOOKS_FILE).toBe('/etc/tidings-webhooks/webhooks.json');
      expect(JSON.stringify(pod?.volumes)).toContain(file?.metadata.name);
    }
  });

  test('lets those who send out to NATS and to the internet, and to nothing private', () => {
    const [webhooks, nats, edge] = ['webhooks', 'nats', 'edge'].map((name) =>
      podsOf(withWebhooks, `tidings-${name}`),
    ) as [Peer, Peer, Peer];
    expect(allows(withWebhooks, webhooks, nats, 4222)).toBe(true);
    expect(allows(withWebhooks, webhooks, internet, 443)).toBe(true);
    for (const address of ['10.1.2.3', '169.254.169.254']) {
      expect(allows(withWebhooks, webhooks, { address }, 443)).toBe(false);
    }
    expect(allows(withWebhooks, edge, internet, 443)).toBe(false);
    expect(allows(withWebhooks, edge, webhooks, 8080)).toBe(false);
  });
});

describe('the ways in', () => {
  test('a route sends every request to the service that answers it, and ends no stream', () => {
    const route = find('production', 'HTTPRoute', 'tidings');
    const operations = readOperations();
    expect(operations.length).toBeGreaterThan(15);
    for (const { service, method, path } of operations) {
      const rule = ruleFor(route, method, path);
      expect(rule?.backendRefs, `${method} ${path}`).toEqual([{ name: `tidings-${service}`, port: 8080 }]);
      const limit = path === '/v1/stream' ? '0s' : '60s';
      expect(rule?.timeouts, `${method} ${path}`).toEqual({ request: limit, backendRequest: limit });
    }
  });

  test('let more streams through than all edges together take', () => {
    const { circuitBreaker } = find('production', 'BackendTrafficPolicy', 'tidings').spec as TrafficPolicySpec;
    const edge = workloadsOf(of('production')).find(({ name }) => name === 'tidings-edge')?.pod.containers[0];
    const each = edge && Number(environmentOf(edge, of('production')).TIDINGS_MAX_CONNECTIONS);
    const { maxReplicas } = find('production', 'HorizontalPodAutoscaler', 'tidings-edge').spec as AutoscalerSpec;
    const all = (each ?? Number.NaN) * maxReplicas;
    expect(circuitBreaker.maxConnections).toBeGreaterThan(all);
    expect(circuitBreaker.maxParallelRequests).toBeGreaterThan(all);
  });
});

describe('the sizes', () => {
  test('one wave of edges has left before the next one begins to', () => {
    const deployment = find('production', 'Deployment', 'tidings-edge');
    const [edge] = workloadsOf([deployment])[0]?.pod.containers ?? [];
    const drainSec = edge && drainMsOf(edge, of('production')) / 1000;
    const leavesSec = (edge?.lifecycle?.preStop?.sleep?.seconds ?? Number.NaN) + (drainSec ?? Number.NaN);
    expect((deployment.spec as { minReadySeconds: number }).minReadySeconds).toBeGreaterThan(leavesSec);
  });

  test('an edge scales before its streams are as many as it takes, and KEDA does as the autoscaler does', () => {
    const scaler = find('production', 'HorizontalPodAutoscaler', 'tidings-edge').spec as AutoscalerSpec;
    const keda = find('others', 'ScaledObject', 'tidings-edge').spec as ScaledObjectSpec;
    expect(
      of('others').some(({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && metadata.name === 'tidings-edge'),
    ).toBe(false);
    const [streams, cpu] = scaler.metrics;
    const edge = workloadsOf(of('production')).find(({ name }) => name === 'tidings-edge')?.pod.containers[0];
    const most = edge && Number(environmentOf(edge, of('production')).TIDINGS_MAX_CONNECTIONS);
    const wanted = Number(streams?.pods?.target.averageValue);
    // A third of the edges may be gone.
    expect(wanted).toBeLessThanOrEqual(((most ?? 0) * 2) / 3);
    expect(keda.triggers.map(({ metadata }) => metadata.threshold ?? metadata.value)).toEqual([
      streams?.pods?.target.averageValue,
      `${cpu?.resource?.target.averageUtilization}`,
    ]);
    expect(keda.advanced.horizontalPodAutoscalerConfig.behavior).toEqual(scaler.behavior);
    expect([keda.minReplicaCount, keda.maxReplicaCount]).toEqual([scaler.minReplicas, scaler.maxReplicas]);
  });
});

describe('the monitoring', () => {
  test('asks every pod, under the name that rules and dashboards know', () => {
    const monitors = withWebhooks.filter(({ kind }) => kind === 'PodMonitor');
    expect(monitors).toEqual(of('production').filter(({ kind }) => kind === 'PodMonitor'));
    const known = monitors.map(({ metadata: { name }, spec }) => {
      const { selector, podMetricsEndpoints } = spec as PodMonitorSpec;
      const workload = workloadsOf(withWebhooks).find(
        ({ labels }) => labels['app.kubernetes.io/component'] === selector.matchLabels['app.kubernetes.io/component'],
      );
      const ports = workload?.pod.containers.flatMap((container) => container.ports ?? []);
      return podMetricsEndpoints.map(({ port, relabelings }) => {
        const job = relabelings.find(({ targetLabel }) => targetLabel === 'job')?.replacement;
        return [name, workload?.name, job, ports?.find((found) => found.name === port)?.containerPort];
      });
    });
    const expected = [
      ['tidings-edge', 9090],
      ['tidings-ingest', 9090],
      ['tidings-nats', 7777],
      ['tidings-webhooks', 9090],
    ].map(([name, port]) => [[name, name, name, port]]);
    expect(known).toEqual(expected);
  });

  test('hands Grafana every dashboard that there is', async () => {
    const dashboards = of('production').filter(({ metadata: { labels } }) => labels?.grafana_dashboard === '1');
    const given = dashboards.flatMap(({ metadata: { name }, data = {} }) =>
      Object.keys(data).map((file) => [name, file]),
    );
    const files = (await readdir(join(ROOT, 'deploy/grafana'))).filter((name) => name.endsWith('.json')).sort();
    expect(given).toEqual(files.map((file) => [`tidings-dashboard-${file.replace('.json', '')}`, file]));
  });

  test('has the rules of Prometheus for its operator: node scripts/prometheus-rule.mjs', async () => {
    const wrapped = join(ROOT, 'deploy/kubernetes/components/monitoring/prometheus-rule.yaml');
    const rules = await readFile(join(ROOT, 'deploy/prometheus/rules.yaml'), 'utf8');
    expect(await readFile(wrapped, 'utf8')).toBe(toPrometheusRule(rules));
    expect(find('production', 'PrometheusRule', 'tidings').spec).toEqual(parse(rules));
  });

  test('gives the autoscaler the metric that it asks for, of the pods that it asks for', async () => {
    const values = parse(
      await readFile(join(ROOT, 'deploy/kubernetes/components/monitoring/adapter-values.yaml'), 'utf8'),
    ) as AdapterValues;
    const [rule, ...others] = values.rules.custom;
    const { metrics } = find('production', 'HorizontalPodAutoscaler', 'tidings-edge').spec as AutoscalerSpec;
    expect(others).toEqual([]);
    expect(metrics[0]?.pods?.metric.name).toBe(rule?.name.as);
    expect(rule?.seriesQuery).toContain(`${rule?.name.as}{job="tidings-edge"`);
    const { triggers } = find('others', 'ScaledObject', 'tidings-edge').spec as ScaledObjectSpec;
    expect(triggers[0]?.metadata.query).toContain(`${rule?.name.as}{job="tidings-edge"`);
  });
});

describe('the NATS servers', () => {
  test.each(OVERLAYS)(
    'of the overlay "%s" accept their configuration, with the roles as they are tested',
    async (overlay) => {
      const { data = {} } = find(overlay, 'ConfigMap', 'tidings-nats');
      for (const file of ['roles.conf', 'server.conf']) {
        expect(data[file]).toBe(await readFile(join(ROOT, 'deploy/nats', file), 'utf8'));
      }
      expect(await tryNatsConfiguration(of(overlay), data)).toMatch(/is valid/);
      const lameDuckSec = Number(/^lame_duck_duration: "(\d+)s"$/m.exec(data['server.conf'] ?? '')?.[1]);
      const graceSec = workloadsOf(of(overlay)).find(({ kind }) => kind === 'StatefulSet')?.pod
        .terminationGracePeriodSeconds;
      expect(graceSec).toBeGreaterThan(lameDuckSec + 10);
    },
  );

  test('have a certificate for each name by which a service or another server knows them', () => {
    const { dnsNames } = find('others', 'Certificate', 'tidings-nats').spec as { dnsNames: string[] };
    const { data = {} } = find('others', 'ConfigMap', 'tidings-shared');
    const hosts = data.TIDINGS_NATS_URL?.split(',').map((url) => new URL(url).hostname);
    expect(find('others', 'Certificate', 'tidings-nats-authority')).toBeDefined();
    expect(hosts).toEqual(dnsNames);
    const server = workloadsOf(of('others')).find(({ kind }) => kind === 'StatefulSet')?.pod.containers[0];
    const routes = server?.env?.filter(({ name }) => name.startsWith('NATS_ROUTE_') && name !== 'NATS_ROUTE_PASSWORD');
    expect(routes?.map(({ value }) => value?.split(/[@:]/).at(-2))).toEqual(dnsNames);
  });
});

describe('the load test', () => {
  test('is known to both versions, and its pods run as must be true of every pod', async () => {
    const checks = await createSchemaChecks();
    expect(checks.flatMap(({ faultsOf }) => loadTest.flatMap(faultsOf))).toEqual([]);
    expect(workloadsOf(loadTest).map(({ title }) => title)).toEqual(['Job tidings-loadtest']);
    expect(podFaultsOf(loadTest)).toEqual([]);
    expect(loadTest.filter(({ kind, metadata }) => kind === 'Secret' || metadata.namespace !== 'tidings')).toEqual([]);
  });

  test('may reach what clients and publishers reach, and is reached by nobody', () => {
    const manifests = [...of('production'), ...loadTest];
    const pods = ['edge', 'ingest', 'nats', 'nats-setup', 'loadtest'].map(
      (name) => [name, podsOf(manifests, `tidings-${name}`)] as const,
    );
    const k6 = podsOf(manifests, 'tidings-loadtest');
    const passing = pods.flatMap(([name, peer]) =>
      [4222, 6222, 7777, 8080, 8222, 9090].flatMap((port) => [
        ...(allows(manifests, k6, peer, port) ? [`to ${name} ${port}`] : []),
        ...(allows(manifests, peer, k6, port) ? [`from ${name} ${port}`] : []),
      ]),
    );
    expect(passing).toEqual(['to edge 8080', 'to ingest 8080']);
  });

  test('names a scenario that there is, and sizes that scenarios read', async () => {
    const settings = loadTest.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
    const folder = join(ROOT, 'loadtest/k6');
    expect(await readdir(join(folder, 'scenarios'))).toContain(`${settings.SCENARIO}.ts`);
    const scripts = await Promise.all(
      ['target.ts', `scenarios/${settings.SCENARIO}.ts`].map((file) => readFile(join(folder, file), 'utf8')),
    );
    const unread = Object.keys(settings).filter(
      (name) => name !== 'SCENARIO' && !new RegExp(`__ENV\\.${name}\\b|'${name}'`).test(scripts.join('\n')),
    );
    expect(unread).toEqual([]);
    const k6 = workloadsOf(loadTest)[0]?.pod.containers[0];
    expect(k6?.args?.at(-1)).toBe('/loadtest/scenarios/$(SCENARIO).ts');
  });
});
