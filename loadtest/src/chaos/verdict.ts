import { FAULTS } from './account.ts';
import type { Traffic } from './traffic.ts';

/** What came out, and why it is not good enough; `reasons` is empty when it is. */
export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  readonly reasons: readonly string[];
}

export interface VerdictOptions {
  /** Reasons of gaps that some fault made legal. */
  readonly legalGaps?: readonly string[];
  /** How long after the last fault that touched it a connected client may wait for an accepted event. */
  readonly mostLateMs?: number;
  /** Services that ended by themselves. */
  readonly accidents?: readonly string[];
}

const MOST_LATE_MS = 15_000;
const MOST_REASONS = 40;

/** Judges traffic that has settled. */
export function judge(traffic: Traffic, options: VerdictOptions = {}): Verdict {
  const { legalGaps = [], mostLateMs = MOST_LATE_MS, accidents = [] } = options;
  const { ledger, publisher, punctuality, subscribers } = traffic;
  const accounts = subscribers.map(({ account }) => account);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

  const gaps = new Map<string, number>();
  for (const { reason } of accounts.flatMap((account) => account.gaps)) gaps.set(reason, (gaps.get(reason) ?? 0) + 1);
  const byes = new Map<string, number>();
  for (const [reason, count] of subscribers.flatMap((subscriber) => [...subscriber.byes])) {
    byes.set(reason, (byes.get(reason) ?? 0) + count);
  }
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, sum(accounts.map(({ counts }) => counts[fault]))]));
  const unexpectedGaps = sum([...gaps].map(([reason, count]) => (legalGaps.includes(reason) ? 0 : count)));
  const refusals = subscribers.flatMap((subscriber) => subscriber.refusals);
  const late = punctuality.worst.filter(({ ms }) => ms > mostLateMs);

  const counts = {
    stored: ledger.total,
    delivered: sum(accounts.map(({ delivered }) => delivered)),
    ...faults,
    'unexpected gaps': unexpectedGaps,
    'never accepted': publisher.underWay,
    'published again': publisher.retries,
    'had been stored before': publisher.duplicates,
    reconnects: sum(subscribers.map(({ connections }) => connections - 1)),
    ...Object.fromEntries([...gaps].map(([reason, count]) => [`hub.gap ${reason}`, count])),
    ...Object.fromEntries([...byes].map(([reason, count]) => [`hub.bye ${reason}`, count])),
  };
  const reasons = [
    ...Object.entries(faults).flatMap(([fault, count]) => (count > 0 ? `${count} ${fault}` : [])),
    ...(unexpectedGaps > 0 ? [`${unexpectedGaps} unexpected gaps`] : []),
    ...(publisher.underWay > 0 ? [`${publisher.underWay} events were never accepted`] : []),
    ...publisher.refusals.map((refusal) => `a publish was refused: ${refusal}`),
    ...refusals.map((refusal) => `a stream was refused for good: ${refusal}`),
    ...late.map(({ ms, after }) => `an event came ${Math.round(ms)} ms after ${after}`),
    ...accidents.map((accident) => `a service ended by itself: ${accident}`),
    ...accounts.flatMap(({ examples }) => examples),
  ];
  return { counts, reasons: reasons.slice(0, MOST_REASONS) };
}
