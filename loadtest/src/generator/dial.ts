import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { isHttp2, isTls, type Target } from './target.ts';

// Linux answers to all of 127.0.0.0/8. With some source addresses, ports do not run out.
const SOURCE_ADDRESSES = process.platform === 'linux' ? 8 : 0;
const BUFFER_BYTES = 65_536;

/** Read by one socket at a time, within one callback. */
const shared = Buffer.allocUnsafe(BUFFER_BYTES);
let dialled = 0;

export interface SocketListener {
  connected(): void;
  /** `bytes` are overwritten after this. */
  received(bytes: Buffer, length: number): void;
  closed(why: string | undefined): void;
}

/** Opens a socket that reads into one buffer for all: the readers must cost less than what they measure. */
export function dial(target: Target, listener: SocketListener): Socket {
  const { port, transport } = target;
  dialled += 1;
  const onread = {
    buffer: shared,
    callback(length: number): boolean {
      listener.received(shared, length);
      return true;
    },
  };
  const reading = { onread };
  const localAddress = SOURCE_ADDRESSES > 0 ? { localAddress: `127.0.0.${2 + (dialled % SOURCE_ADDRESSES)}` } : {};
  const where = { host: '127.0.0.1', port, ...localAddress };
  const socket = isTls(transport)
    ? connectTls({
        ...where,
        rejectUnauthorized: false,
        ALPNProtocols: [isHttp2(transport) ? 'h2' : 'http/1.1'],
        ...reading,
      } as ConnectionOptions & typeof reading)
    : connectTcp({ ...where, ...reading });
  let fault: string | undefined;
  socket.setNoDelay(true);
  socket.once(isTls(transport) ? 'secureConnect' : 'connect', () => listener.connected());
  socket.on('error', (error) => {
    fault = error.message;
  });
  socket.once('close', () => listener.closed(fault));
  return socket;
}
