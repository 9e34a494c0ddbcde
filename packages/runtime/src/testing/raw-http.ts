import { connectSocket } from './transport.ts';

/** What came back on a raw connection. */
export interface RawAnswer {
  /** Status of the first answer; 0 when the connection closed without one. */
  readonly status: number;
  /** Header lines of the first answer, names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Everything after the first head, as it came (chunks are not undone). */
  readonly body: string;
  /** Every byte that came, as latin1. */
  readonly text: string;
}

/**
 * Sends bytes as they are, over TLS where the run speaks that, and reads until the server closes, or until `until` is
 * satisfied with what came so far.
 * Rejects after `timeoutMs` with what had come: a server that does not answer must fail a test, not hang it.
 */
export function sendRaw(
  port: number,
  request: string | Uint8Array,
  until: (text: string) => boolean = hasWholeAnswer,
  timeoutMs: number = 10_000,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connectSocket(port);
    socket.write(request);
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(text));
    };
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no whole answer within ${timeoutMs} ms, but: ${JSON.stringify(text.slice(0, 500))}`));
    }, timeoutMs);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (until(text)) finish();
    });
    socket.on('close', finish);
    // A reset is an answer too: what came before it counts, and `close` follows.
    socket.on('error', () => {});
  });
}

/** Whether the text holds a head and, by its Content-Length, the whole body; without one only the close tells. */
export function hasWholeAnswer(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1];
  if (length !== undefined) return text.length >= end + 4 + Number(length);
  return /^HTTP\/1\.[01] (204|304)/.test(text);
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = (end === -1 ? text : text.slice(0, end)).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1] ?? 0);
  return { status, headers, body: end === -1 ? '' : text.slice(end + 4), text };
}
