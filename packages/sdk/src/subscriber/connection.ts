import type { Goodbye } from '@tidings/protocol/client';
import { HubError } from '../hub-error.ts';
import { createDecoder } from './decoder.ts';
import type { Hub } from './hub.ts';
import type { ConnectionState } from './tidings.ts';

/** What a stream asks for, by the names of contract section 4. */
export interface StreamRequest {
  readonly topic: readonly string[];
  readonly replay?: string | number | undefined;
  readonly until?: 'final' | undefined;
}

/** One block of a stream; an id alone moves the cursor. */
export interface Block {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: string | undefined;
  /** The cursor before it. */
  readonly before: string | undefined;
}

export interface ConnectionEvents {
  /** What to ask for; called before each try. */
  request(): StreamRequest;
  block(block: Block): void;
  /** Whatever came in one piece has been told. */
  flushed(): void;
  state(state: ConnectionState, reason?: Goodbye): void;
  /** A try failed, and there will be another. */
  failed(error: HubError): void;
  /** The hub refuses for good what was asked for. Answers whether there is something else to ask for. */
  refused(error: HubError): boolean;
  /** Nothing will ever come: a finite stream has been seen to its end. */
  finished?(): void;
}

/** A stream that is opened again whenever it ends, from where it was. */
export interface Connection {
  /** Everything up to here has been told. */
  readonly cursor: string | undefined;
  /** Opens it anew at once; after a cursor, when one is given. */
  restart(cursor?: string): void;
  close(): void;
}

const CLIENT = 'tidings-sdk/0.1.0';
const FIRST_BYTE_MS = 30_000;
// A hub is silent for 60 s at the longest (contract section 4).
const SILENCE_MS = 75_000;
// Who looks at a page does not want to wait for that.
const SEEN_SILENCE_MS = 20_000;
const MAX_WAIT_MS = 30_000;
// An event of the largest size, with each character escaped.
const MAX_BLOCK_CHARACTERS = 8_000_000;

/** Opens a stream, and keeps it open until `close`. */
export function connect(hub: Hub, on: ConnectionEvents, from?: string): Connection {
  const life = new AbortController();
  const { signal } = life;
  let cursor = from;
  let retryMs = 1_000;
  let failures = 0;
  let goodbye: Goodbye | undefined;
  let attempt = new AbortController();
  let heardMs = 0;
  let endWait = (): void => {};
  let watchdog: ReturnType<typeof setTimeout> | undefined;

  function expectWithin(ms: number): void {
    clearTimeout(watchdog);
    heardMs = Date.now();
    watchdog = setTimeout(() => attempt.abort(new HubError('timeout', 'No word.')), ms);
  }

  async function read(body: ReadableStream<Uint8Array>, { signal }: AbortController): Promise<void> {
    const decode = createDecoder(({ event, id, data, retry }) => {
      if (signal.aborted) return;
      if (retry) retryMs = Number(retry);
      if (event === 'hub.bye') goodbye = JSON.parse(data as string).reason;
      if (event === 'hub.hello') failures = 0;
      const before = cursor;
      cursor = id ?? before;
      if (id || data) on.block({ event, id, data, before });
    });
    const reader = body.getReader();
    const utf8 = new TextDecoder();
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      expectWithin(SILENCE_MS);
      const waiting = decode(utf8.decode(value, { stream: true }));
      if (waiting > MAX_BLOCK_CHARACTERS) throw new HubError('answer', 'Too large.');
      on.flushed();
    }
  }

  // Answers how long to wait before the next try.
  async function tryOnce(): Promise<number> {
    const mine = new AbortController();
    attempt = mine;
    goodbye = undefined;
    try {
      const request = on.request();
      on.state('connecting');
      expectWithin(FIRST_BYTE_MS);
      const wish = { ...request, last_event_id: cursor, format: 'envelope', client: CLIENT };
      const { status, body, headers } = await hub.send(wish, undefined, mine.signal);
      if (status === 204) goodbye = 'final';
      else if (body && `${headers.get('Content-Type')}`.startsWith('text/event-stream')) await read(body, mine);
      // As EventSource does: a page that says 200 would be waited for in vain.
      else throw new HubError('answer', 'No event stream.', { status });
      mine.signal.throwIfAborted();
      if (goodbye !== 'final') return retryMs;
      on.finished?.();
      life.abort();
    } catch (thrown) {
      const { aborted, reason } = mine.signal;
      const cause = aborted ? reason : thrown;
      // Restarted, or closed.
      if (cause === life) return 0;
      const error =
        cause instanceof HubError
          ? cause
          : new HubError('network', 'No connection, or none for this origin.', { cause });
      if (!isForGood(error)) {
        on.failed(error);
        const most = Math.min(MAX_WAIT_MS, retryMs * 2 ** failures);
        failures += 1;
        return (error.retryAfterMs ?? most / 2) + (Math.random() * most) / 2;
      }
      if (!on.refused(error)) life.abort();
    } finally {
      clearTimeout(watchdog);
      mine.abort();
    }
    return 0;
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await tryOnce();
      if (waitMs === 0) continue;
      on.state('waiting', goodbye);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        endWait = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  function restart(after = cursor): void {
    cursor = after;
    attempt.abort(life);
    endWait();
  }

  // What was open when the network went is of the network before.
  function wake({ type }: Event): void {
    if (type === 'online' || Date.now() - heardMs > SEEN_SILENCE_MS) restart();
    else endWait();
  }

  globalThis.addEventListener?.('online', wake, { signal });
  globalThis.document?.addEventListener('visibilitychange', wake, { signal });
  void run();
  return {
    get cursor() {
      return cursor;
    },
    restart,
    close() {
      life.abort();
      restart();
    },
  };
}

/** Whether trying the same again is no use. What else fails may be put right without us, or comes from something between. */
export function isForGood({ problem, status }: HubError): boolean {
  return problem !== undefined && /4(?!01|08|29)/.test(`${status}`);
}
