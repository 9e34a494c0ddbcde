import type { Problem } from '@tidings/protocol';
import { HubError } from '@tidings/sdk/subscriber';
import type { OutgoingEvent } from './event-source.ts';
import type { EventSink, PublishOutcome } from './publish.ts';

/** Publishes to an ingest. */
export function createHubSink(url: string, token: () => string | undefined): EventSink {
  return { publish: (events) => send(url, token(), events) };
}

async function send(
  url: string,
  token: string | undefined,
  events: readonly OutgoingEvent[],
): Promise<readonly PublishOutcome[]> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(events),
  }).catch((cause) => {
    throw new HubError('network', 'The request failed.', { cause });
  });
  const { status } = response;
  const body = (await response.json().catch(() => undefined)) as
    | (Problem & { results?: readonly PublishOutcome[] })
    | undefined;
  if (body?.results) return body.results;
  if (body?.code === undefined) throw new HubError('answer', `The answer was ${status}.`, { status });
  throw new HubError(body.code, body.detail ?? body.title, { status, problem: body });
}
