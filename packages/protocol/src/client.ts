export type { GapReason, Goodbye } from './goodbye.ts';
export { MAX_STREAM_TOPICS } from './limit.ts';
export type { MetricsSnapshot, NodeMetrics, TenantMetrics } from './metrics-snapshot.ts';
export { covers } from './pattern.ts';
export type { Problem, ProblemCode } from './problem.ts';
export type { SessionView } from './session-view.ts';
