import { describeAnswer, problemIn } from './answerer.ts';
import { type Finding, failed, skipped } from './finding.ts';
import type { Answer } from './request.ts';

/** Why nothing can be published; `undefined` when the event was taken. Without the right to, it is no fault. */
export function judgePublish(answer: Answer, topic: string): Finding | undefined {
  if (answer.status === 202) return undefined;
  const code = problemIn(answer)?.code;
  if (code === 'forbidden') {
    return skipped(
      `The token may not publish to ${topic}: give one that may with --publish-token, or another --topic.`,
    );
  }
  if (code === 'unauthenticated') return skipped('The token for publishing is not valid: see the check of it.');
  const says = `Publishing got ${describeAnswer(answer)}`;
  if (code === 'unavailable') {
    return failed(
      says,
      'The ingest does not reach NATS, or the stream has no leader: look at tidings_broker_connected, and at the servers.',
    );
  }
  return failed(
    says,
    code === undefined ? 'Let POSTs to /v1/ through to the ingest.' : `See ${code} in docs/reference/errors.md.`,
  );
}

export const NO_PUBLISH_TOKEN: Finding = skipped(
  'There is no token to publish with: give --token or --publish-token (`tidings.publish` granting `tidings.doctor.*`).',
);
