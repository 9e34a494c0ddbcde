import type { Problem } from '@tidings/protocol/client';
import { HubError } from '../hub-error.ts';
import type { TidingsOptions, TokenReason } from './tidings.ts';

/** The hub as requests see it: where it is, and with which token. */
export interface Hub {
  /**
   * Asks for a stream, or for a change of the one of this session. A token that is refused is asked for once more.
   * @throws HubError the problem that the hub answers, `answer`, `token`; whatever `fetch` throws.
   */
  send(body: object, session?: string, signal?: AbortSignal): Promise<Response>;
  /** The next request asks for another token, for this reason. */
  renew(reason: TokenReason): void;
}

// What works once must be asked for each time, and stands in the URL (contract section 3).
const TICKET_PREFIX = 'tdt_';

export function createHub(base: string, token: TidingsOptions['token']): Hub {
  const isAsked = typeof token === 'function';
  let held: Promise<string | undefined> | undefined;
  let why: TokenReason = 'connect';

  async function attempt(body: object, session?: string, signal?: AbortSignal): Promise<Response> {
    held ??= (async () => (isAsked ? token(why) : token))();
    const text = await held.catch((cause) => {
      held = undefined;
      throw new HubError('token', 'No token.', { cause });
    });
    const path = session ? `/v1/sessions/${session}` : '/v1/stream';
    const isTicket = text?.startsWith(TICKET_PREFIX);
    if (isTicket) held = undefined;
    return fetch(base + path + (isTicket ? `?access_token=${text}` : ''), {
      method: session ? 'PATCH' : 'POST',
      headers: { 'Content-Type': 'application/json', ...(text && !isTicket && { Authorization: `Bearer ${text}` }) },
      body: JSON.stringify(body),
      credentials: 'include',
      signal: signal as AbortSignal,
    });
  }

  function renew(reason: TokenReason): void {
    why = reason;
    held = undefined;
  }

  return {
    async send(...request) {
      let response = await attempt(...request);
      if (response.status === 401 && isAsked) {
        renew('refused');
        response = await attempt(...request);
      }
      if (response.ok) return response;
      throw await toHubError(response);
    },
    renew,
  };
}

/** The problem that an answer is; whatever stands between may answer too, and does not speak our words. */
export async function toHubError(response: Response): Promise<HubError> {
  const { status, headers } = response;
  const retryAfterMs = Number(headers.get('Retry-After')) * 1000 || undefined;
  const problem: Partial<Problem> = await response.json().catch(() => ({}));
  const { code = 'answer', title = `The answer was ${status}.`, detail = title } = problem;
  return new HubError(code, detail, { status, problem: problem.code && (problem as Problem), retryAfterMs });
}
