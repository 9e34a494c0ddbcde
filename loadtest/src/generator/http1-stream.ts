import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import type { StreamState } from './group.ts';
import { type ScanListener, scan } from './scan.ts';
import type { Target } from './target.ts';

/** Opens one event stream on a connection of its own. */
export function openHttp1Stream(
  target: Target,
  path: string,
  stream: StreamState,
  listener: ScanListener,
  closed: (why: string | undefined) => void,
): Socket {
  const resume = stream.cursor === '' ? '' : `Last-Event-ID: ${stream.cursor}\r\n`;
  const socket = dial(target, {
    connected() {
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${target.token}\r\n${resume}\r\n`,
      );
    },
    received: (bytes, length) => scan(stream, bytes, 0, length, listener),
    closed,
  });
  return socket;
}
