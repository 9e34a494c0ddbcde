import type { KeyObject } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server where a JWKS URL points. */
export interface KeyEndpoint {
  readonly url: string;
  /** Requests so far. */
  readonly fetches: number;
  /** What a request gets; a test may put anything in its place. */
  answer: (response: ServerResponse) => void;
  /** From now on answers with a set of these keys. */
  serve(...keys: object[]): void;
  close(): Promise<void>;
}

/** A public key as it stands in a key set. */
export function toJwk(key: KeyObject, members: object): object {
  return { ...key.export({ format: 'jwk' }), use: 'sig', ...members };
}

export async function startKeyEndpoint(...keys: object[]): Promise<KeyEndpoint> {
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches += 1;
    endpoint.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint: KeyEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get fetches() {
      return fetches;
    },
    answer: (response) => response.end(JSON.stringify({ keys })),
    serve(...others) {
      endpoint.answer = (response) => response.end(JSON.stringify({ keys: others }));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return endpoint;
}
