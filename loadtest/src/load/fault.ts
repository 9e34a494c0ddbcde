import type { FaultKind } from './catalogue.ts';
import type { SiteEdge } from './site.ts';

/** Something that was done to the servers, or that was over. */
export interface Mark {
  /** Seconds of Unix time. */
  readonly time: number;
  readonly what: string;
}

/** Milliseconds between the begin of the measured time and the first of it. */
const SETTLED_MS = 5_000;
const AWAY_MS = 5_000;

export interface FaultContext {
  readonly edges: readonly SiteEdge[];
  mark(what: string): void;
  /** Resolves after that time. */
  wait(ms: number): Promise<void>;
}

/** Does to the edges what a scenario wants done to them; resolves when all of them are there again. */
export const FAULTS: Readonly<Record<FaultKind, (context: FaultContext) => Promise<void>>> = {
  async 'kill-edge'({ edges: [first], mark, wait }) {
    if (first === undefined) throw new Error('there is no edge to kill');
    await wait(SETTLED_MS);
    mark(`${first.name} is killed`);
    await first.kill();
    await wait(AWAY_MS);
    await first.startAgain();
    mark(`${first.name} is back`);
  },
  async 'restart-edges'({ edges, mark, wait }) {
    await wait(SETTLED_MS);
    for (const edge of edges) {
      mark(`${edge.name} is asked to end`);
      await edge.drain();
      await edge.startAgain();
      mark(`${edge.name} is back`);
      // The clients that it sent away must be elsewhere before the next one sends away its own.
      await wait(AWAY_MS);
    }
  },
};

/** What the owner of a deployment does in the place of this program. */
export const BY_HAND: Readonly<Record<FaultKind, string>> = {
  'kill-edge':
    'Kill one of your edges some seconds after "measuring" appears below, as with kubectl delete pod --grace-period=0 --force.',
  'restart-edges':
    'Replace your edges one by one while "measuring" stands below, as with kubectl rollout restart deployment/tidings-edge.',
};
