import type { Problem } from '@tidings/protocol/client';
import { createTidings, type Tidings } from '@tidings/sdk/subscriber';
import type { Access } from './access.ts';

/** What a request was answered. */
export interface HubAnswer {
  readonly ok: boolean;
  readonly status: number;
  /** Parsed JSON; `undefined` without a body, the text where it is no JSON. */
  readonly body: unknown;
}

/** A fault that the hub's pages can bring about in development. */
export interface OfferedFault {
  readonly name: string;
  readonly targets?: readonly string[];
}

/** The hub as the console talks to it: requests with the token of whoever is logged in, and one stream for all pages. */
export interface HubClient {
  readonly access: Access;
  readonly tidings: Tidings;
  /** What there is in development beyond the public API; `undefined` elsewhere. */
  readonly development: { readonly faults: readonly OfferedFault[] } | undefined;
  /**
   * Sends a request to the hub that serves the page.
   * @param token in place of that of the page.
   * @throws Error with a sentence to show when the hub can't be reached.
   */
  request(method: string, path: string, options?: RequestOptions): Promise<HubAnswer>;
  close(): void;
}

interface RequestOptions {
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly token?: string;
  readonly signal?: AbortSignal;
}

/** Asks what the hub offers, and makes the client of one login. The stream opens with the first subscription. */
export async function connectHub(access: Access): Promise<HubClient> {
  const request = createRequest(access);
  const offered = await request('GET', '/console/development').catch(() => undefined);
  const development = offered?.body as { development?: boolean; faults?: readonly OfferedFault[] } | undefined;
  const tidings = createTidings({ token: access.token });
  return {
    access,
    tidings,
    development: development?.development === true ? { faults: development.faults ?? [] } : undefined,
    request,
    close: () => tidings.close(),
  };
}

function createRequest(access: Access): HubClient['request'] {
  return async (method, path, { json, token = access.token, signal } = {}) => {
    let response: Response;
    try {
      response = await fetch(path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(json !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        ...(signal && { signal }),
        credentials: 'omit',
      });
    } catch (cause) {
      throw new Error(`The hub can not be reached: ${(cause as Error).message}.`, { cause });
    }
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: parse(text) };
  };
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What went wrong, as a sentence: that of the hub's problem document (RFC 9457), or the bare status. */
export function describeFailure({ status, body }: HubAnswer): string {
  const problem = body as Partial<Problem> | undefined;
  return `${problem?.detail ?? problem?.title ?? 'The hub gave no reason.'} (${problem?.code ?? status})`;
}
