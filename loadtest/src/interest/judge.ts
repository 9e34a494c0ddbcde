import type { Attached } from './attach.ts';
import type { BusyPoint } from './busy.ts';
import type { EdgesPoint } from './edges.ts';
import { isClean } from './ledger.ts';
import type { Outage } from './outage.ts';

/** How far an edge's events may be from its part of all. */
const MOST_DEVIATION = 0.1;
const MOST_IN_FORCE_SEC = 5;

/** Events that each edge was sent: what its connection got, without the notices where it listens to them. */
export const eventsOf = ({ feed, sent, index }: EdgesPoint): number[] =>
  sent.map(({ messages }) => messages - (feed === 'interest' ? index.messages : 0));

/** Of the edge that is furthest from its part of all events: how far, as a share of that part. */
export function worstDeviation(point: EdgesPoint): number {
  const part = (point.events * point.layout.share) / point.layout.edges;
  return eventsOf(point).reduce((worst, events) => {
    const deviation = events / part - 1;
    return Math.abs(deviation) > Math.abs(worst) ? deviation : worst;
  }, 0);
}

/** CPU time of the edge that used most, for each event of the whole log, in microseconds, beyond what it uses at rest. */
export const edgeCpuUs = ({ edgesCpuSec, restCpuSec, seconds, events }: EdgesPoint): number =>
  ((Math.max(...edgesCpuSec) - restCpuSec * seconds) / events) * 1e6;

/** What does not hold, in words; nothing when all does. */
export function findFailures(
  points: readonly EdgesPoint[],
  busy: readonly BusyPoint[],
  attached: readonly Attached[],
  outage: Outage | undefined,
): string[] {
  return [
    ...points.flatMap((point) => {
      const where = `${point.feed}, ${point.layout.edges} edges, ${point.layout.share * 100}% of the topics`;
      const deviation = worstDeviation(point);
      const faults = [...point.faults];
      if (!isClean(point.account)) faults.push(`not each event once: ${JSON.stringify(point.account)}`);
      if (point.feed === 'interest' && Math.abs(deviation) > MOST_DEVIATION) {
        faults.push(`an edge was sent ${(deviation * 100).toFixed(1)}% more events than its part`);
      }
      return faults.map((fault) => `${where}: ${fault}`);
    }),
    ...busy.flatMap(({ feed, share, account }) =>
      isClean(account)
        ? []
        : [`${feed}, busy, ${share * 100}% of the topics: not each event once: ${JSON.stringify(account)}`],
    ),
    ...attached.flatMap(({ feed, kind, faults }) => faults.map((fault) => `${feed}, ${kind}: ${fault}`)),
    ...(outage === undefined ? [] : outageFaults(outage).map((fault) => `outage: ${fault}`)),
  ];
}

function outageFaults({ account, inForceSec, faults }: Outage): string[] {
  return [
    ...faults,
    ...(isClean(account) ? [] : [`not each event once: ${JSON.stringify(account)}`]),
    ...(inForceSec < MOST_IN_FORCE_SEC
      ? []
      : [`subscriptions were in force again ${inForceSec.toFixed(1)} s after the server`]),
  ];
}
