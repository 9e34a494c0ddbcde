import type { Clock } from '@tidings/runtime';

/** A request for an answer with an end. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** That answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** As text; of an event stream, and beyond 64 KB, only the beginning. */
  readonly body: string;
}

const MOST_BYTES = 65_536;

/**
 * Asks, follows no redirect, and reads the answer.
 * @throws Error when none has come within `timeoutMs`.
 */
export async function request(url: string, asked: Asked, timeoutMs: number, clock: Clock): Promise<Answer> {
  const abort = new AbortController();
  const timer = clock.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs / 1_000} s`)));
  try {
    const response = await fetch(url, { ...asked, redirect: 'manual', signal: abort.signal });
    return { status: response.status, headers: response.headers, body: await readBeginning(response) };
  } finally {
    timer.cancel();
  }
}

async function readBeginning(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  for await (const bytes of response.body ?? []) {
    pieces.push(bytes);
    total += bytes.length;
    // Leaving the loop gives up the connection.
    if (isStream || total >= MOST_BYTES) break;
  }
  return Buffer.concat(pieces).toString();
}
