import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { Clock } from '@tidings/runtime';
import { createLatencies } from './latency.ts';

/** What measuring cost this process itself. */
export interface ClientCost {
  /** Of one core, 0 to 1 and, with Node's other threads, above. */
  readonly cpu: number;
  /** Of the time, how much the event loop was at work: 0 to 1. */
  readonly loopBusy: number;
  /** How much later than it was due the loop came to a timer. */
  readonly loopLateP99Ms: number;
  readonly loopLateMaxMs: number;
}

const SAMPLE_MS = 10;

/** Looks at this process until the answer is called. */
export function watchClientCost(clock: Clock): () => ClientCost {
  const cpu = process.cpuUsage();
  const loop: EventLoopUtilization = performance.eventLoopUtilization();
  const startMs = clock.elapsed();
  const late = createLatencies();
  let lastMs = startMs;
  const timer = clock.every(SAMPLE_MS, () => {
    const nowMs = clock.elapsed();
    late.note(Math.max(0, nowMs - lastMs - SAMPLE_MS));
    lastMs = nowMs;
  });
  return () => {
    timer.cancel();
    const { user, system } = process.cpuUsage(cpu);
    return {
      cpu: (user + system) / 1_000 / Math.max(1, clock.elapsed() - startMs),
      loopBusy: performance.eventLoopUtilization(loop).utilization,
      loopLateP99Ms: late.quantileMs(0.99),
      loopLateMaxMs: late.maxMs,
    };
  };
}
