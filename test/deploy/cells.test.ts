import { parseCellsFile } from '@tidings/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { faultsOfManifests } from './agreement.ts';
import { readCodeFacts } from './code-facts.ts';
import { parseImage, readDockerfile } from './dockerfile.ts';
import { readOperations, wayOf } from './http-route.ts';
import { copyDeployFolder, type DeployFolder, type Manifest } from './manifests.ts';
import { allows, type Peer, podsOf } from './network-flow.ts';
import { podFaultsOf } from './pod-rules.ts';
import { createSchemaChecks } from './schema-check.ts';
import { environmentOf, workloadsOf } from './workload.ts';

const CELLS = ['eu-1', 'eu-2'] as const;
const SHARED = 'tidings.example.com';

let deploy: DeployFolder;
let router: readonly Manifest[];
const rendered = new Map<string, string>();
const built = new Map<string, readonly Manifest[]>();

beforeAll(async () => {
  deploy = await copyDeployFolder();
  const texts = await Promise.all(['router', ...CELLS].map((name) => deploy.render(`overlays/cells/${name}`)));
  const [first = [], ...cells] = texts.map((text) => parseAllDocuments(text).map((each) => each.toJS() as Manifest));
  router = first;
  for (const [place, name] of CELLS.entries()) {
    rendered.set(name, texts[place + 1] ?? '');
    built.set(name, cells[place] ?? []);
  }
});
afterAll(() => deploy?.remove());

const of = (cell: (typeof CELLS)[number]): readonly Manifest[] => built.get(cell) ?? [];
const all = (): readonly Manifest[] => CELLS.flatMap(of);
const routes = (): readonly Manifest[] => all().filter(({ kind }) => kind === 'HTTPRoute');

function planOf(cell: (typeof CELLS)[number]): ReturnType<typeof parseCellsFile> {
  const map = of(cell).find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('tidings-cells'));
  return parseCellsFile(map?.data?.['cells.json'] ?? '');
}

describe('two cells on Kubernetes', () => {
  test('are known to the newest version, run their pods as must be true, and say what the code knows', async () => {
    const [newest] = (await createSchemaChecks()).slice(0, 1);
    const facts = await readCodeFacts();
    const { env } = parseImage(readDockerfile());
    expect([...router, ...all()].flatMap((manifest) => newest?.faultsOf(manifest) ?? ['unchecked'])).toEqual([]);
    for (const cell of CELLS) {
      expect(podFaultsOf(of(cell))).toEqual([]);
      expect(faultsOfManifests(cell, rendered.get(cell) ?? '', env, facts)).toEqual([]);
      const outside = of(cell).filter(({ metadata: { namespace } }) => namespace !== `tidings-${cell}`);
      expect(outside.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([`Namespace tidings-${cell}`]);
    }
    expect(all().filter(({ kind }) => kind === 'Secret' || kind === 'Gateway')).toEqual([]);
  });

  test('have the same map, in which each edge and ingest finds its own name', () => {
    expect(planOf('eu-1')).toEqual(planOf('eu-2'));
    expect([...planOf('eu-1').cells.keys()]).toEqual([...CELLS]);
    for (const cell of CELLS) {
      for (const { name, pod } of workloadsOf(of(cell)).filter(({ kind }) => kind === 'Deployment')) {
        const [container] = pod.containers as unknown as [{ volumeMounts: { name: string; mountPath: string }[] }];
        const { TIDINGS_CELL, TIDINGS_CELLS_FILE } = environmentOf(pod.containers[0] as never, of(cell));
        expect([name, TIDINGS_CELL]).toEqual([name, cell]);
        const mount = container.volumeMounts.find(({ mountPath }) => `${mountPath}/cells.json` === TIDINGS_CELLS_FILE);
        const volume = pod.volumes?.find((each) => each.name === mount?.name) as { configMap: { name: string } };
        expect(
          of(cell).some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === volume.configMap.name),
        ).toBe(true);
      }
    }
  });
});

describe('the front door of two cells', () => {
  /** Where each request goes, as `<namespace> <service>`. */
  function placesOf(host: string, tenant?: string): Set<string> {
    const headers = tenant === undefined ? {} : { 'Tidings-Tenant': tenant };
    return new Set(
      readOperations().map(({ service, method, path }) => {
        const way = wayOf(routes(), { host, method, path, headers });
        const [backend] = way?.rule.backendRefs ?? [];
        const limit = path === '/v1/stream' ? '0s' : '60s';
        expect([backend?.name, way?.rule.timeouts.request], `${method} ${path}`).toEqual([`tidings-${service}`, limit]);
        return `${way?.route.metadata.namespace}`;
      }),
    );
  }

  test('takes each cell by the host that the map names', () => {
    for (const [cell, { edge, ingest }] of planOf('eu-1').cells) {
      for (const url of [edge, ingest]) expect(placesOf(new URL(url).hostname)).toEqual(new Set([`tidings-${cell}`]));
    }
  });

  test('takes a tenant by its header to the cell that the map gives it, and everybody else to that of all others', () => {
    const { tenants, others } = planOf('eu-1');
    expect(tenants.size).toBeGreaterThan(0);
    for (const [tenant, cell] of tenants) expect(placesOf(SHARED, tenant)).toEqual(new Set([`tidings-${cell}`]));
    expect(others).toHaveLength(1);
    for (const tenant of [undefined, 'ACME', 'acme2', '']) {
      expect(placesOf(SHARED, tenant)).toEqual(new Set([`tidings-${others[0]}`]));
    }
  });

  test('is one gateway, which has a listener for each host and takes the routes of cells alone', () => {
    const gateway = router.find(({ kind }) => kind === 'Gateway') as Manifest;
    const { listeners } = gateway.spec as {
      listeners: { hostname: string; allowedRoutes: { namespaces: { selector: { matchExpressions: object[] } } } }[];
    };
    expect(listeners.map(({ hostname }) => hostname)).toEqual(['*.tidings.example.com', SHARED]);
    for (const { allowedRoutes } of listeners) {
      expect(allowedRoutes.namespaces.selector.matchExpressions).toEqual([{ key: 'tidings/cell', operator: 'Exists' }]);
    }
    for (const { spec } of routes()) {
      expect((spec as { parentRefs: object[] }).parentRefs).toEqual([
        { name: gateway.metadata.name, namespace: gateway.metadata.namespace },
      ]);
    }
    const limited = all().flatMap(({ kind, spec }) =>
      kind === 'BackendTrafficPolicy' ? (spec as { targetRefs: { name: string }[] }).targetRefs : [],
    );
    expect(limited).toHaveLength(routes().length);
  });

  test('reaches edges and ingests of both, and no cell reaches into the other', () => {
    const labels = {
      'gateway.envoyproxy.io/owning-gateway-name': 'tidings',
      'gateway.envoyproxy.io/owning-gateway-namespace': 'tidings-router',
    };
    const proxy: Peer = { namespace: 'envoy-gateway-system', labels };
    const foreign: Peer = {
      ...proxy,
      labels: { ...labels, 'gateway.envoyproxy.io/owning-gateway-namespace': 'other' },
    };
    const pods = CELLS.map((cell) =>
      ['edge', 'ingest', 'nats'].map((name) => podsOf(of(cell), `tidings-${name}`, `tidings-${cell}`)),
    );
    for (const [edge, ingest, nats] of pods as [Peer, Peer, Peer][]) {
      expect([edge, ingest, nats].map((peer) => allows(all(), proxy, peer, 8080))).toEqual([true, true, false]);
      expect(allows(all(), foreign, edge, 8080)).toBe(false);
      expect(allows(all(), edge, nats, 4222)).toBe(true);
    }
    const [here = [], there = []] = pods;
    for (const from of here) {
      for (const to of there) {
        for (const port of [4222, 6222, 8080]) expect(allows(all(), from, to, port)).toBe(false);
      }
    }
  });
});
