import { createMemoryBus } from '@tidings/broker/memory';
import { request, type StreamClient } from '@tidings/runtime/testing';
import { type EdgeSetup, startEdge, type TestEdge } from './fixture.ts';
import { controlOf } from './received.ts';

/** Two edges that know of each other, each with a log of its own. */
export interface EdgePair {
  /** Holds the streams. */
  readonly here: TestEdge;
  /** Is asked about them. */
  readonly there: TestEdge;
}

export async function startPair(setup: EdgeSetup = {}): Promise<EdgePair> {
  const bus = createMemoryBus();
  return { here: await startEdge({ ...setup, bus }), there: await startEdge({ ...setup, bus }) };
}

export interface ControlAnswer {
  readonly status: number;
  readonly headers: Headers;
  // The shape is what each test is about.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any;
}

/** A request with a JSON body, or none. */
export async function send(
  edge: TestEdge,
  method: string,
  path: string,
  token: string | undefined,
  body?: unknown,
): Promise<ControlAnswer> {
  const answer = await request(`${edge.url}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** Opens a stream that is live, and says how to ask for it. */
export async function openLive(
  edge: TestEdge,
  query: string,
  token: string,
): Promise<{ readonly client: StreamClient; readonly id: string; readonly path: string }> {
  const client = await edge.stream(query, { headers: { authorization: `Bearer ${token}` } });
  const id = `${(await controlOf(client, 'hub.hello')).session}`;
  await client.event('hub.live');
  return { client, id, path: `/v1/sessions/${id}` };
}
