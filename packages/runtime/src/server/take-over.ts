import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** What hangs on a connection of Node's HTTP/1 server beneath its public face. */
interface Parser {
  unconsume(): void;
  remove(): void;
  close(): void;
  _consumed: boolean;
  incoming: unknown;
  socket: unknown;
  onIncoming: unknown;
}
type HttpSocket = Socket & { parser?: Parser | null; _httpMessage?: unknown };

// Node's own listeners on the sockets of its server, by the names of their functions.
const LISTENERS: Readonly<Record<string, string>> = {
  data: 'bound socketOnData',
  end: 'bound socketOnEnd',
  close: 'bound socketOnClose',
  drain: 'bound socketOnDrain',
  error: 'socketOnError',
  timeout: 'socketOnTimeout',
  pause: 'onSocketPause',
  resume: 'onSocketResume',
};
const OVERRIDES = ['on', 'addListener', 'prependListener', 'setEncoding'];
// `onMessageBegin` to `onTimeout`: what the parser calls.
const CALLBACKS = 7;

/**
 * Takes the socket of an answer that has begun away from Node's HTTP server, for an answer without end that is written
 * past the response object. What HTTP holds for each connection, its parser above all, is freed: 4 of 11 KB. From then on
 * the socket is the caller's alone; when the client sends more, or ends, so does the socket.
 *
 * The response emits `close` at once. It must not be called from within the parser. Answers `false`, and has changed
 * nothing, where Node is not as it is known here, or the request is not complete: the answer then goes on as it began.
 */
export function takeOver(outgoing: ServerResponse): boolean {
  const socket = outgoing.socket as HttpSocket | null;
  const parser = socket?.parser;
  if (socket === null || !isKnown(parser) || !outgoing.req.complete || socket._httpMessage !== outgoing) return false;
  const found = Object.entries(LISTENERS).map(([event, name]) => ({
    event,
    listener: socket.rawListeners(event).find((listener) => listener.name === name),
  }));
  if (found.some(({ listener }) => listener === undefined)) return false;

  outgoing.detachSocket(socket);
  for (const { event, listener } of found) socket.off(event, listener as () => void);
  for (const name of OVERRIDES) delete (socket as unknown as Record<string, unknown>)[name];
  if (parser._consumed) parser.unconsume();
  parser.remove();
  parser.incoming = parser.socket = parser.onIncoming = null;
  for (let place = 0; place < CALLBACKS; place += 1) (parser as unknown as Record<number, unknown>)[place] = null;
  socket.parser = null;
  parser.close();
  socket.setTimeout(0);

  // Without a listener it would end the process; what went wrong shows as `close`.
  socket.on('error', ignore);
  socket.on('data', refuse);
  socket.on('end', leave);
  socket.resume();
  taken.add(socket);
  // Whoever waits for the end of the answer, and would keep it for as long, waits for nothing more.
  outgoing.emit('close');
  return true;
}

const taken = new WeakSet<Socket>();

/** Whether the socket was taken over: no request that came behind the answer may be begun. */
export const isTakenOver = (socket: Socket): boolean => taken.has(socket);

function isKnown(parser: Parser | null | undefined): parser is Parser {
  return (
    typeof parser?.unconsume === 'function' && typeof parser.remove === 'function' && typeof parser.close === 'function'
  );
}

const ignore = (): void => {};

const CR = 13;
const LF = 10;

// One function for all sockets. Nothing may follow the request of an answer without end, but for the line break that some
// clients send after a body (RFC 9112 section 2.2).
function refuse(this: Socket, bytes: Buffer): void {
  if (bytes.some((byte) => byte !== CR && byte !== LF)) this.destroySoon();
}
function leave(this: Socket): void {
  this.destroySoon();
}

// What Node's compatibility API hangs on a stream of HTTP/2 for its request and its response.
const STREAM_LISTENERS: Readonly<Record<string, readonly string[]>> = {
  trailers: ['onStreamTrailers'],
  end: ['onStreamEnd'],
  drain: ['onStreamDrain'],
  aborted: ['onStreamAbortedRequest', 'onStreamAbortedResponse'],
  timeout: ['onStreamTimeout', 'onStreamTimeout'],
  close: ['onStreamCloseRequest', 'onStreamCloseResponse'],
};

/**
 * The same for a stream of HTTP/2 whose head was sent past the response object: its request and response are told that it
 * has closed, and are free. Answers `false` where Node is not as it is known here.
 */
export function takeOverStream(stream: ServerHttp2Stream): boolean {
  const found = Object.entries(STREAM_LISTENERS).map(([event, names]) => ({
    event,
    names,
    listeners: stream.rawListeners(event).filter(({ name }) => names.includes(name)),
  }));
  if (found.some(({ names, listeners }) => listeners.length !== names.length)) return false;
  for (const { event, listeners } of found) {
    for (const listener of listeners) {
      if (event === 'close') listener.call(stream);
      stream.off(event, listener as () => void);
    }
  }
  // What the client still sends is read, so that its end is seen, and dropped.
  stream.resume();
  return true;
}
