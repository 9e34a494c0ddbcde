import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';
import type { Clock } from '@tidings/runtime';
import { faultOf } from '../fault.ts';

/** What has come on a stream so far, and when: in milliseconds since it was asked for. */
export interface StreamRecord {
  readonly head: { readonly atMs: number; readonly status: number; readonly headers: Headers } | undefined;
  /** Pieces of the body, as they came. */
  readonly pieces: readonly { readonly atMs: number; readonly bytes: number }[];
  readonly events: readonly (DecodedEvent & { readonly atMs: number })[];
  readonly comments: readonly { readonly atMs: number; readonly text: string }[];
  /** The body, of an answer that is no event stream; its first part. */
  readonly text: string;
  /** The other side has ended it, or it failed. */
  readonly end: { readonly atMs: number; readonly fault?: string } | undefined;
}

/** A stream whose every piece is recorded with its time. */
export interface TimedStream extends StreamRecord {
  readonly lastEventId: string;
  /** Milliseconds since it was asked for. */
  readonly ageMs: number;
  /** Whether `condition` came about within the time; it is looked at after every piece, and no more once the stream ended. */
  until(condition: (stream: TimedStream) => boolean, timeoutMs: number): Promise<boolean>;
  close(): void;
}

// Whatever answers may be anything, and without an end: the decoder holds what it can't finish.
const MOST_BYTES = 8_388_608;
const MOST_TEXT = 4_096;

/** Asks for a stream; what comes of it shows in the record. */
export function openTimedStream(url: string, headers: Readonly<Record<string, string>>, clock: Clock): TimedStream {
  const abort = new AbortController();
  const startMs = clock.elapsed();
  const ageMs = (): number => clock.elapsed() - startMs;
  const watchers = new Set<() => void>();
  const pieces: StreamRecord['pieces'][number][] = [];
  const events: StreamRecord['events'][number][] = [];
  const comments: StreamRecord['comments'][number][] = [];
  // Of the piece that is being read: what came with it has its time.
  let atMs = 0;
  const decoder = createSseDecoder({
    event: (event) => events.push({ ...event, atMs }),
    comment: (text) => comments.push({ text, atMs }),
  });
  let head: StreamRecord['head'];
  let end: StreamRecord['end'];
  let text = '';
  let total = 0;
  const look = (): void => {
    for (const watch of [...watchers]) watch();
  };

  async function read(): Promise<void> {
    const response = await fetch(url, { headers, redirect: 'manual', signal: abort.signal });
    head = { atMs: ageMs(), status: response.status, headers: response.headers };
    look();
    const isStream = response.headers.get('content-type')?.includes('text/event-stream') ?? false;
    for await (const bytes of response.body ?? []) {
      total += bytes.length;
      if (total > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes came`);
      atMs = ageMs();
      pieces.push({ atMs, bytes: bytes.length });
      if (isStream) decoder.feed(bytes);
      else if (text.length < MOST_TEXT) text += Buffer.from(bytes).toString().slice(0, MOST_TEXT);
      look();
    }
  }
  void read()
    .then(
      () => {
        end ??= { atMs: ageMs() };
      },
      (error) => {
        end ??= { atMs: ageMs(), fault: faultOf(error) };
      },
    )
    .finally(() => {
      abort.abort();
      look();
    });

  const stream: TimedStream = {
    pieces,
    events,
    comments,
    get head() {
      return head;
    },
    get end() {
      return end;
    },
    get text() {
      return text;
    },
    get lastEventId() {
      return decoder.lastEventId;
    },
    get ageMs() {
      return ageMs();
    },
    until(condition, timeoutMs) {
      return new Promise((resolve) => {
        const finish = (came: boolean): void => {
          timer.cancel();
          watchers.delete(watch);
          resolve(came);
        };
        const watch = (): void => {
          if (condition(stream)) finish(true);
          else if (end !== undefined) finish(false);
        };
        const timer = clock.after(timeoutMs, () => finish(condition(stream)));
        watchers.add(watch);
        watch();
      });
    },
    close() {
      end ??= { atMs: ageMs(), fault: 'it was closed here' };
      abort.abort();
    },
  };
  return stream;
}
