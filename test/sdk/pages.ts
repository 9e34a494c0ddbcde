import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Pages of one origin, each an empty document with a script. */
export interface Pages {
  readonly origin: string;
  close(): Promise<void>;
}

/** Bundles `<name>.page.ts` of this folder, as a page would load it, and serves it. */
export async function servePages(name: string): Promise<Pages> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.page.ts`, import.meta.url))],
    bundle: true,
    format: 'esm',
    write: false,
    conditions: ['@tidings/source'],
  });
  const script = outputFiles[0]?.text ?? '';
  const server: Server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(
      isScript ? script : '<!doctype html><title>page</title><script type="module" src="/page.js"></script>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    // A secure context, which locks need: loopback counts as one.
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
