import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { describeAnswer } from '../doctor/answerer.ts';
import { faultOf } from '../fault.ts';

/** One stream of a bench; it comes back with its cursor when it is cut, as a browser's does. */
export interface Reader {
  /** Resolves when it is live for the first time. @throws ReaderRefused when it does not open. */
  readonly live: Promise<void>;
  /** How often it was cut, and came back. */
  readonly returns: number;
  close(): void;
}

/** A stream that did not open. */
export class ReaderRefused extends Error {
  /** Nobody answered. */
  readonly unreachable: boolean;

  constructor(message: string, unreachable: boolean) {
    super(message);
    this.name = 'ReaderRefused';
    this.unreachable = unreachable;
  }
}

// Until the stream says otherwise.
const RETRY_MS = 1_000;

/**
 * Opens one.
 * @param onEvent gets what publishers sent.
 */
export function openReader(
  url: string,
  headers: Readonly<Record<string, string>>,
  clock: Clock,
  onEvent: (event: DecodedEvent) => void,
): Reader {
  const abort = new AbortController();
  let lastEventId = '';
  let retryMs = RETRY_MS;
  let returns = 0;
  let isLive = false;
  let resolveLive: () => void = () => {};
  const live = new Promise<void>((resolve) => {
    resolveLive = resolve;
  });

  async function readOnce(): Promise<void> {
    const response = await fetch(url, {
      headers: lastEventId === '' ? headers : { ...headers, 'Last-Event-ID': lastEventId },
      redirect: 'manual',
      signal: abort.signal,
    }).catch((error: unknown) => {
      throw new ReaderRefused(faultOf(error), true);
    });
    if (response.status !== 200) {
      const { status } = response;
      throw new ReaderRefused(
        describeAnswer({ status, headers: response.headers, body: await response.text() }),
        false,
      );
    }
    const decoder = createSseDecoder({
      event(event) {
        lastEventId = event.lastEventId;
        if (!event.event.startsWith('hub.')) return onEvent(event);
        if (event.event !== 'hub.live') return;
        isLive = true;
        resolveLive();
      },
      retry(ms) {
        retryMs = ms;
      },
    });
    for await (const bytes of response.body ?? []) decoder.feed(bytes);
  }

  async function readOn(): Promise<void> {
    while (!abort.signal.aborted) {
      const fault = await readOnce().catch((error: unknown) => error as Error);
      if (abort.signal.aborted) return;
      if (!isLive)
        throw fault instanceof Error ? fault : new ReaderRefused('the stream ended before it was live', false);
      returns += 1;
      await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    }
  }

  return {
    live: Promise.race([live, readOn().then(() => live)]),
    get returns() {
      return returns;
    },
    close: () => abort.abort(),
  };
}
