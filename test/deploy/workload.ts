import { VARIABLES } from '@tidings/runtime';
import type { Manifest } from './manifests.ts';

/** What the tests read of a container's description. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
  }[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>>;
    readonly limits?: Readonly<Record<string, string>>;
  };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly privileged?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number }; readonly exec?: object } };
  readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
}

interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly terminationGracePeriodSeconds?: number;
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

/** What runs pods. */
export interface Workload {
  /** `Deployment tidings-edge` and the like. */
  readonly title: string;
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
  readonly strategy?: { readonly type: string; readonly rollingUpdate?: Readonly<Record<string, string | number>> };
}

const KINDS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'Job']);

/** Everything among the objects that runs pods. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests.filter(({ kind }) => KINDS.has(kind)).map(toWorkload);
}

function toWorkload({ kind, metadata: { name }, spec }: Manifest): Workload {
  const { template, strategy } = spec as {
    template: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    strategy?: Workload['strategy'];
  };
  return {
    title: `${kind} ${name}`,
    kind,
    name,
    labels: template.metadata.labels,
    pod: template.spec,
    ...(strategy && { strategy }),
  };
}

/** The environment of a container as far as it stands in the objects: of a secret, `from <name>/<key>`. */
export function environmentOf(container: Container, manifests: readonly Manifest[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    if (configMapRef === undefined) continue;
    const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name);
    if (map === undefined) throw new Error(`${container.name} wants the ConfigMap ${configMapRef.name}: there is none`);
    Object.assign(environment, map.data);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const secret = valueFrom?.secretKeyRef;
    environment[name] = value ?? (secret ? `from ${secret.name}/${secret.key}` : '');
  }
  return environment;
}

/** The time in which a service sends its streams away, as it is set or by default. */
export function drainMsOf(container: Container, manifests: readonly Manifest[]): number {
  const fallback = VARIABLES.find(({ name }) => name === 'TIDINGS_DRAIN_MS')?.fallback;
  return Number(environmentOf(container, manifests).TIDINGS_DRAIN_MS ?? fallback);
}
