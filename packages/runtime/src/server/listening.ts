import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

// Connections that wait to be accepted, as far as the system admits (net.core.somaxconn): with Node's 511 most of thousands
// of clients that come back at once are dropped by the kernel, and try again after a second or three.
const BACKLOG = 16_384;

/** Listens and resolves with the port in use. Rejects when the address can't be bound. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, BACKLOG, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** Stops listening, lets requests under way finish within `graceMs`, then closes what is left. */
export function closeServer(server: HttpServer, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
