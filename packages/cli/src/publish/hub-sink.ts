import type { Problem } from '@tidings/protocol';
import { HubError } from '@tidings/sdk/subscriber';
import type { OutgoingEvent } from './event-source.ts';
import type { EventResult, EventSink } from './publish.ts';

interface Result {
  readonly index: number;
  readonly topic?: string;
  readonly id?: string;
  readonly duplicate?: boolean;
  readonly problem?: Problem;
}

/** Publishes to an ingest. */
export function createHubSink(url: string, token: () => string | undefined): EventSink {
  return { publishMany: (events) => send(url, token(), events) };
}

async function send(
  url: string,
  token: string | undefined,
  events: readonly OutgoingEvent[],
): Promise<readonly EventResult[]> {
  const response = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(events),
  }).catch((cause) => {
    throw new HubError('network', 'The request failed.', { cause });
  });
  const { status } = response;
  const body = (await response.json().catch(() => undefined)) as
    | (Problem & { results?: readonly Result[] })
    | undefined;
  if (body?.results) return body.results.map(toResult);
  if (body?.code === undefined) throw new HubError('answer', `The answer was ${status}.`, { status });
  throw new HubError(body.code, body.detail ?? body.title, { status, problem: body });
}

function toResult({ index, topic, id, duplicate, problem }: Result): EventResult {
  if (!problem) return { status: duplicate ? 'duplicate' : 'accepted', index, topic: `${topic}`, id };
  const { code, status, detail, title } = problem;
  return { status: 'failed', index, topic, error: new HubError(code, detail ?? title, { status, problem }) };
}
