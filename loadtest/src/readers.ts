import { connect } from 'node:net';
import { SENTINEL } from './broadcast.ts';

// Sockets without an HTTP client behind them: the readers must cost less than what they measure.
const BYTE = SENTINEL.charCodeAt(0);

process.on('message', (message: { type: string; port: number; token: string; streams: number }) => {
  if (message.type !== 'open') return;
  const { port, token, streams } = message;
  let opened = 0;
  let received = 0;
  const request = `GET /v1/stream?topic=bench.1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  for (let index = 0; index < streams; index += 1) {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('data', () => {
      opened += 1;
      if (opened === streams) process.send?.({ type: 'opened' });
    });
    socket.on('data', (bytes) => {
      for (let at = bytes.indexOf(BYTE); at !== -1; at = bytes.indexOf(BYTE, at + 1)) {
        received += 1;
        if (received % streams === 0) process.send?.({ type: 'all' });
      }
    });
    socket.on('error', (error) => {
      throw error;
    });
  }
});
