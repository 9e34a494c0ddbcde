import { BlockList } from 'node:net';
import type { Manifest } from './manifests.ts';
import { type Workload, workloadsOf } from './workload.ts';

/** A pod that sends or is sent to; an address stands for whoever is outside of the cluster. */
export type Peer =
  | { readonly namespace: string; readonly labels: Readonly<Record<string, string>>; readonly workload?: Workload }
  | { readonly address: string };

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { key: string; operator: string; values: readonly string[] }[];
}

interface Side {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Rule {
  readonly from?: readonly Side[];
  readonly to?: readonly Side[];
  readonly ports?: readonly { readonly port: string | number; readonly protocol: string }[];
}

interface Policy {
  readonly namespace: string;
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/**
 * Whether the policies among the objects let one peer open a TCP connection to a port of another: the sender's must allow
 * it, and the receiver's. A pod that no policy of a direction selects may do anything in that direction.
 */
export function allows(manifests: readonly Manifest[], from: Peer, to: Peer, port: number): boolean {
  const policies = manifests
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ metadata: { namespace = '' }, spec }) => ({ namespace, ...(spec as Omit<Policy, 'namespace'>) }));
  const passes = (direction: 'Ingress' | 'Egress', peer: Peer, other: Peer): boolean => {
    if ('address' in peer) return true;
    const chosen = policies.filter(
      ({ namespace, podSelector, policyTypes }) =>
        namespace === peer.namespace && selects(podSelector, peer.labels) && policyTypes.includes(direction),
    );
    if (chosen.length === 0) return true;
    return chosen.some(({ namespace, ingress = [], egress = [] }) =>
      (direction === 'Ingress' ? ingress : egress).some(
        ({ from: sides, to: others, ports }) =>
          (sides ?? others ?? []).some((side) => isOf(side, other, namespace)) &&
          (ports === undefined || ports.some((allowed) => numberOf(allowed.port, to) === port)),
      ),
    );
  };
  return passes('Egress', from, to) && passes('Ingress', to, from);
}

/** The pods of a workload, by its name. @param namespace where it is, of all that have one of that name. */
export function podsOf(manifests: readonly Manifest[], name: string, namespace = 'tidings'): Peer {
  const workload = workloadsOf(manifests).find((found) => found.name === name);
  if (workload === undefined) throw new Error(`There is no workload ${name}.`);
  return { namespace, labels: workload.labels, workload };
}

function selects(
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`The operator ${operator} is not known here.`);
      return values.includes(labels[key] ?? '');
    })
  );
}

function isOf({ podSelector, namespaceSelector, ipBlock }: Side, peer: Peer, ownNamespace: string): boolean {
  if ('address' in peer) {
    if (ipBlock === undefined) return false;
    return (
      isWithin(peer.address, ipBlock.cidr) && !(ipBlock.except ?? []).some((range) => isWithin(peer.address, range))
    );
  }
  if (podSelector === undefined && namespaceSelector === undefined) return false;
  const inNamespace =
    namespaceSelector === undefined
      ? peer.namespace === ownNamespace
      : selects(namespaceSelector, { 'kubernetes.io/metadata.name': peer.namespace });
  return inNamespace && selects(podSelector ?? {}, peer.labels);
}

function numberOf(port: string | number, to: Peer): number | undefined {
  if (typeof port === 'number') return port;
  const ports = 'workload' in to ? (to.workload?.pod.containers ?? []).flatMap(({ ports = [] }) => ports) : [];
  return ports.find(({ name }) => name === port)?.containerPort;
}

function isWithin(address: string, range: string): boolean {
  const [start = '', bits = '32'] = range.split('/');
  const list = new BlockList();
  list.addSubnet(start, Number(bits));
  return list.check(address);
}
