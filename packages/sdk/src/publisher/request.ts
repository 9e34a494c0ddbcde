import { HubError } from '../hub-error.ts';
import { withinBounds } from './abort.ts';
import { type Answer, readAnswer } from './answer.ts';
import { toBody } from './batch.ts';
import type { Clock } from './clock.ts';
import type { EventLine } from './event-line.ts';
import type { TokenSource } from './token-source.ts';

export interface RequestParts {
  readonly url: URL;
  readonly fetch: typeof fetch;
  readonly tokens: TokenSource;
  readonly clock: Clock;
}

/**
 * One try: posts the lines as NDJSON and answers what came back; an expected failure is an answer too. A token that is
 * refused is renewed once.
 * @throws the reason of a signal that is aborted.
 */
export type SendRequest = (
  lines: readonly EventLine[],
  timeoutMs: number,
  signals: readonly AbortSignal[],
) => Promise<Answer>;

export function createRequest({ url, fetch, tokens, clock }: RequestParts): SendRequest {
  async function post(lines: readonly EventLine[], token: string, signal: AbortSignal): Promise<Answer> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/x-ndjson',
          Accept: 'application/json, application/problem+json',
        },
        body: toBody(lines),
        // Followed, it would be repeated as a GET, or without its token.
        redirect: 'manual',
        signal,
      });
      return await readAnswer(response, lines.length, clock.now());
    } catch (cause) {
      signal.throwIfAborted();
      throw new HubError('network', 'The server was not reached, or the connection broke.', { cause });
    }
  }

  async function send(lines: readonly EventLine[], signal: AbortSignal): Promise<Answer> {
    const token = await tokens.get();
    const answer = await post(lines, token, signal);
    if (answer.error?.status !== 401 || !tokens.refuse(token)) return answer;
    return post(lines, await tokens.get(), signal);
  }

  return async (lines, timeoutMs, signals) => {
    try {
      return await withinBounds({ timeoutMs, signals, clock }, (signal) => send(lines, signal));
    } catch (error) {
      for (const signal of signals) signal.throwIfAborted();
      if (error instanceof HubError) return { error, retryAfterMs: 0 };
      throw error;
    }
  };
}
