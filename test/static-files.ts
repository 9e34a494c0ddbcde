import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

/** A server of the files in a folder, as any would be, with an empty page at `/`. */
export interface StaticFiles {
  readonly origin: string;
  close(): Promise<void>;
}

export async function serveFiles(folder: string): Promise<StaticFiles> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    const type = TYPES[extname(path)];
    const body = pathname === '/' ? '<!doctype html>' : type && (await readFile(path).catch(() => undefined));
    if (body) response.setHeader('content-type', `${type}; charset=utf-8`);
    response.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
