import type { Problem } from '@tidings/protocol';
import { HubError } from '@tidings/sdk/subscriber';
import { toCommandError } from './hub-failure.ts';

/** A request that is answered with JSON, or with nothing. */
export interface HubRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Where the service is. */
  readonly url: string;
  /** From its root, encoded. */
  readonly path: string;
  readonly token: string | undefined;
  /** Sent as JSON. */
  readonly body?: object;
}

const ANSWER_MS = 30_000;

/**
 * Asks the hub.
 * @returns what the JSON of the answer says; `undefined` where there is none.
 * @throws CommandError for whatever keeps the answer from coming, or for the problem that it is.
 */
export async function askHub({ method = 'GET', url, path, token, body }: HubRequest): Promise<unknown> {
  try {
    return await ask(method, url + path, token, body);
  } catch (thrown) {
    const error =
      thrown instanceof HubError ? thrown : new HubError('network', 'The request failed.', { cause: thrown });
    throw toCommandError(error, { url, hasToken: token !== undefined });
  }
}

async function ask(method: string, url: string, token: string | undefined, sent?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(sent && { 'content-type': 'application/json' }),
    },
    ...(sent && { body: JSON.stringify(sent) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const { status } = response;
  if (status === 204) return undefined;
  const body = (await response.json().catch(() => undefined)) as (Problem & object) | undefined;
  if (response.ok && body !== undefined) return body;
  if (response.ok || body?.code === undefined) throw new HubError('answer', `The answer was ${status}.`, { status });
  throw new HubError(body.code, body.detail ?? body.title, { status, problem: body });
}
