import type { Broker } from '../port.ts';
import type { ScheduleRoom } from '../schedule-room.ts';
import { feedCases } from './feed-cases.ts';
import { historyCases } from './history-cases.ts';
import { interestCases } from './interest-cases.ts';
import { publishCases } from './publish-cases.ts';
import { scheduleCases, scheduleFeedCases } from './schedule-cases.ts';

/** A fresh, empty broker that is open, and what a case needs to steer it. */
export interface OpenedBroker {
  readonly broker: Broker;
  /** Lets at least `ms` milliseconds pass for the broker: a fake clock is moved, a real one waited for. */
  elapse(ms: number): Promise<void>;
  /** The broker's wall clock. */
  now(): number;
}

/** What an adapter brings to be judged. The suite knows no test runner and no adapter. */
export interface BrokerHarness {
  /** Registers one case with the runner. */
  test(title: string, run: () => Promise<void>): void;
  /** Opens a broker for one case; the harness closes it when the case has ended. */
  open(limits?: {
    maxBytes?: number;
    maxAgeMs?: number;
    idempotencyWindowMs?: number;
    scheduleRoom?: ScheduleRoom;
  }): Promise<OpenedBroker>;
}

/** Those promises that depend on how the feed gets its events. */
export function feedContract(harness: BrokerHarness): void {
  publishCases(harness);
  feedCases(harness);
  interestCases(harness);
  scheduleFeedCases(harness);
}

/** Every promise of the `Broker` port, as cases that each adapter must pass. */
export function brokerContract(harness: BrokerHarness): void {
  feedContract(harness);
  historyCases(harness);
  scheduleCases(harness);
}
