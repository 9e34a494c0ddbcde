import { type Audit, isRefusal } from '@tidings/control';
import type { ServiceContext } from '@tidings/runtime';
import type { PublishResult } from './publish.ts';

/**
 * Records what became of a publish: one record, however many events it had. Where nothing was accepted it is a refusal, if
 * that is why; events that are not valid, or could not be stored, are no deed.
 * @returns the results as they are.
 */
export function auditResults(
  context: ServiceContext,
  audit: Audit,
  results: readonly PublishResult[],
): readonly PublishResult[] {
  const [only] = results;
  // One event to one topic, as most are.
  if (results.length === 1 && only?.status === 202) {
    const events = only.duplicate === undefined ? 1 : 0;
    audit.record(context, { did: 'published', topics: topicsOf(results), events });
    return results;
  }
  const accepted = results.filter(({ status }) => status === 202);
  const refusals = results.filter(({ status }) => isRefusal(status));
  const code = refusals[0]?.problem?.code;
  if (accepted.length > 0) {
    const events = accepted.filter(({ duplicate }) => duplicate === undefined).length;
    const refused = refusals.length > 0 ? { refused: refusals.length, code } : {};
    audit.record(context, { did: 'published', topics: topicsOf(accepted), events, ...refused });
  } else if (refusals.length > 0) {
    audit.record(context, { did: 'refused', topics: topicsOf(refusals), refused: refusals.length, code });
  }
  return results;
}

function topicsOf(results: readonly PublishResult[]): string[] {
  const topics: string[] = [];
  for (const { topic } of results) if (topic !== undefined) topics.push(topic);
  return topics;
}
