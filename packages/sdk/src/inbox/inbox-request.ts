import { HubError } from '../hub-error.ts';
import { toHubError } from '../subscriber/hub.ts';
import type { TokenReason } from '../subscriber/tidings.ts';
import type { InboxOptions } from './inbox.ts';

/**
 * Asks the hub about an inbox.
 * @returns the JSON of the answer.
 * @throws HubError the problem that the hub answers, `answer`, `token`, `network`.
 */
export type AskInbox = (path: string, body?: object) => Promise<unknown>;

export function createInboxRequest({ url = globalThis.location?.origin, token, user }: InboxOptions): AskInbox {
  const base = `${`${url}`.replace(/\/$/, '')}/v1/users/${encodeURIComponent(user)}/inbox`;
  const isAsked = typeof token === 'function';
  let held: Promise<string | undefined> | undefined;

  async function attempt(path: string, body: object | undefined, reason: TokenReason): Promise<Response> {
    held ??= (async () => (isAsked ? token(reason) : token))();
    const text = await held.catch((cause) => {
      held = undefined;
      throw new HubError('token', 'No token.', { cause });
    });
    const headers = {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(text && { Authorization: `Bearer ${text}` }),
    };
    const request = {
      headers,
      credentials: 'include' as const,
      ...(body && { method: 'PATCH', body: JSON.stringify(body) }),
    };
    return fetch(base + path, request).catch((cause) => {
      throw new HubError('network', 'No connection, or none for this origin.', { cause });
    });
  }

  return async (path, body) => {
    let response = await attempt(path, body, 'connect');
    if (response.status === 401 && isAsked) {
      held = undefined;
      response = await attempt(path, body, 'refused');
    }
    if (!response.ok) throw await toHubError(response);
    return response.json().catch((cause) => {
      throw new HubError('answer', 'No JSON.', { cause });
    });
  };
}
