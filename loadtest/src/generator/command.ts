import type { Churned, ChurnOptions } from './churn.ts';
import type { FleetOptions } from './fleet.ts';
import type { GroupTally } from './group.ts';
import type { EventPlan, FullSpeed, Pace, Published } from './publish.ts';
import type { Target } from './target.ts';

/** What a bench may ask of a generator: the request of each command, and its answer. */
export interface Commands {
  open: { ask: FleetOptions; answer: undefined };
  close: { ask: { name: string }; answer: undefined };
  flee: { ask: { name: string; refuge: Target }; answer: { returnsMs: readonly number[] } };
  setReading: { ask: { name: string; reading: boolean }; answer: undefined };
  tally: { ask: { name: string }; answer: GroupTally };
  /** Times so far are forgotten; counts are not. */
  resetLatency: { ask: { name: string }; answer: undefined };
  /** Waits until the group has received so many events, or for so long. */
  reach: { ask: { name: string; received: number; timeoutMs: number }; answer: boolean };
  inStep: { ask: EventPlan & { requests: number; readers: number }; answer: Published };
  atPace: { ask: EventPlan & Pace; answer: Published };
  atFullSpeed: { ask: EventPlan & FullSpeed; answer: Published };
  churn: { ask: ChurnOptions; answer: Churned };
  usage: { ask: Record<never, never>; answer: { cpuSec: number } };
}

export type CommandName = keyof Commands;

/** A command on its way; the answer carries the same id. */
export interface Request<Name extends CommandName = CommandName> {
  readonly id: number;
  readonly name: Name;
  readonly ask: Commands[Name]['ask'];
}

export interface Answer {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}
