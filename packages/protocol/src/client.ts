export { TidingsError } from './error.ts';
export { parseEventName } from './event-name.ts';
export type { ExplainingNode, Explanation, LostNode, SessionExplanation } from './explanation.ts';
export type { GapReason, Goodbye } from './goodbye.ts';
export { isHubTopic } from './hub-topic.ts';
export type { InboxAnswer, InboxCount, InboxRead } from './inbox.ts';
export {
  MAX_EVENT_BYTES_CEILING,
  MAX_FANOUT_TOPICS,
  MAX_IDEMPOTENCY_KEY_CHARACTERS,
  MAX_REPLAY_COUNT,
  MAX_STREAM_TOPICS,
} from './limit.ts';
export type { MetricsSnapshot, NodeMetrics, TenantMetrics } from './metrics-snapshot.ts';
export { covers, isPattern } from './pattern.ts';
export type { Problem, ProblemCode } from './problem.ts';
export type { SessionView } from './session-view.ts';
export { isReservedTopic, isTopic, parseTopic, toUserToken, toUserTopic } from './topic.ts';
