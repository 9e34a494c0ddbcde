import type { Manifest } from './manifests.ts';
import { type Container, drainMsOf, type Workload, workloadsOf } from './workload.ts';

/** From SIGTERM on: what a service needs beside its drain (docs/operations/run.md). */
const RESERVE_SEC = 10;
const VOLUMES: ReadonlySet<string> = new Set(['configMap', 'emptyDir', 'persistentVolumeClaim', 'projected', 'secret']);

/**
 * Where a workload breaks what must be true of every pod: the Pod Security Standard `restricted`, and what goes beyond
 * it. One sentence for each fault.
 */
export function podFaultsOf(manifests: readonly Manifest[]): string[] {
  return workloadsOf(manifests).flatMap((workload) => {
    const faults = [...faultsOfPod(workload), ...faultsOfStop(workload, manifests), ...faultsOfSpread(workload)];
    const containers = [...(workload.pod.initContainers ?? []), ...workload.pod.containers];
    const inside = containers.flatMap((container) =>
      [...faultsOfContainer(container)].map((fault) => `${container.name}: ${fault}`),
    );
    return [...faults, ...inside].map((fault) => `${workload.title}: ${fault}`);
  });
}

function* faultsOfPod({ pod }: Workload): Generator<string> {
  const { securityContext: context } = pod;
  if (context?.runAsNonRoot !== true || !context.runAsUser) yield 'may run as root';
  if (context?.seccompProfile?.type !== 'RuntimeDefault') yield 'has no seccomp profile';
  if (pod.automountServiceAccountToken !== false) yield 'has a token of its service account';
  if (pod.serviceAccountName === undefined) yield 'uses the account of everybody';
  if (pod.enableServiceLinks !== false) yield 'is told of services in its environment';
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) yield 'shares a namespace with its node';
  for (const { name, ...kinds } of pod.volumes ?? []) {
    if (!Object.keys(kinds).every((kind) => VOLUMES.has(kind)))
      yield `the volume ${name} is of a kind that is not allowed`;
  }
}

function* faultsOfContainer({ image, resources, securityContext, ports = [] }: Container): Generator<string> {
  if (!/:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$/.test(image))
    yield `the image ${image} is not pinned to a release`;
  if (securityContext?.readOnlyRootFilesystem !== true) yield 'may write to its root file system';
  if (securityContext?.allowPrivilegeEscalation !== false || securityContext.privileged) yield 'may gain privileges';
  const { drop = [], add = [] } = securityContext?.capabilities ?? {};
  if (!drop.includes('ALL') || add.length > 0) yield 'has capabilities';
  if (ports.some(({ hostPort }) => hostPort !== undefined)) yield 'has a port of its node';
  const { requests, limits } = resources ?? {};
  if (!requests?.cpu || !requests.memory) yield 'asks for no CPU or memory';
  if (!limits?.memory) yield 'has no limit of memory';
  if (limits?.cpu !== undefined) yield 'has a limit of the CPU';
}

/** A service gets the time that it needs in order to end well, and balancers the time to hear of it. */
function* faultsOfStop({ kind, pod, strategy }: Workload, manifests: readonly Manifest[]): Generator<string> {
  if (kind !== 'Deployment') return;
  const { maxUnavailable } = strategy?.rollingUpdate ?? {};
  if (maxUnavailable !== 0) yield 'takes a pod away before its successor is ready';
  const graceSec = pod.terminationGracePeriodSeconds ?? 30;
  for (const container of pod.containers) {
    const sleepSec = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    if (sleepSec < 1) yield `${container.name}: is told to end before balancers are`;
    const neededSec = sleepSec + drainMsOf(container, manifests) / 1000 + RESERVE_SEC;
    if (graceSec <= neededSec) yield `${container.name}: has ${graceSec} s to end, and needs more than ${neededSec} s`;
  }
}

function* faultsOfSpread({ kind, pod }: Workload): Generator<string> {
  if (kind === 'Job') return;
  const keys = (pod.topologySpreadConstraints ?? []).map(({ topologyKey }) => topologyKey);
  for (const key of ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']) {
    if (!keys.includes(key)) yield `is not spread over ${key}`;
  }
}
