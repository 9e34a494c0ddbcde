import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request, sendRaw } from '@tidings/runtime/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBalancer } from '../scripts/balancer.mjs';

interface Node {
  readonly name: string;
  readonly url: string;
  readonly adminUrl: string;
  ready: boolean;
  close(): void;
}

/** A service that says its name, streams at `/v1/stream`, and says whether it is ready. */
async function startNode(name: string): Promise<Node> {
  let count = 0;
  const server: Server = createServer((incoming, outgoing) => {
    if (incoming.url === '/readyz') return void outgoing.writeHead(node.ready ? 200 : 503).end();
    if (incoming.url !== '/v1/stream') return void outgoing.end(`${name} ${incoming.method}`);
    count += 1;
    outgoing.writeHead(200, { 'Tidings-Session': `${name}-${count}` });
    outgoing.write(': ok\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(close);
  const node: Node = { name, url, adminUrl: url, ready: true, close };
  return node;
}

async function startScene() {
  const edges = [await startNode('edge-1'), await startNode('edge-2')];
  const ingest = await startNode('ingest');
  const balancer = await startBalancer(0, { edges: () => edges, ingestUrl: () => ingest.url });
  onTestFinished(() => balancer.close());
  const ask = async (path: string, method = 'GET'): Promise<string> =>
    (await request(balancer.url + path, { method, ...(method === 'POST' && { body: '{}' }) })).text();
  return { edges: edges as [Node, Node], ingest, balancer, ask };
}

describe('the balancer', () => {
  test('gives what writes events to the ingest, and the rest to the edges in turn', async () => {
    const { ask } = await startScene();
    expect(await ask('/v1/events', 'POST')).toBe('ingest POST');
    expect(await ask('/v1/topics/a/events?event=b', 'POST')).toBe('ingest POST');
    expect(await ask('/v1/users/a/events', 'DELETE')).toBe('ingest DELETE');
    expect(await ask('/v1/schedules?limit=1')).toBe('ingest GET');
    expect(await ask('/v1/schedules/a', 'DELETE')).toBe('ingest DELETE');
    expect(new Set([await ask('/v1/topics/a/events'), await ask('/console')])).toEqual(
      new Set(['edge-1 GET', 'edge-2 GET']),
    );
    expect(await ask('/v1/tickets', 'POST')).toMatch(/^edge-\d POST$/);
  });

  test('asks another edge when one is gone', async () => {
    const { edges, ask } = await startScene();
    edges[0].close();
    expect(await Promise.all([1, 2, 3].map(() => ask('/a')))).toEqual(Array(3).fill('edge-2 GET'));
  });

  test('leaves an edge alone that is not ready', async () => {
    const { edges, ask } = await startScene();
    edges[1].ready = false;
    await expect.poll(async () => new Set([await ask('/a'), await ask('/a'), await ask('/a')]).size).toBe(1);
    expect(await ask('/a')).toBe('edge-1 GET');
  });

  test('says 503 when nobody is there', async () => {
    const { edges, balancer } = await startScene();
    for (const edge of edges) edge.close();
    expect((await request(`${balancer.url}/a`)).status).toBe(503);
  });

  test('breaks a stream off, when it is asked to and when its edge is gone', async () => {
    const { edges, balancer } = await startScene();
    const open = async () => {
      const answer = await fetch(`${balancer.url}/v1/stream`);
      return { session: answer.headers.get('Tidings-Session') ?? '', read: answer.text() };
    };
    const first = await open();
    expect(balancer.cut(first.session)).toBe(true);
    await expect(first.read).rejects.toThrow();
    expect(balancer.cut(first.session)).toBe(false);
    const second = await open();
    for (const edge of edges) edge.close();
    await expect(second.read).rejects.toThrow();
  });

  test('passes a body on as one, whatever the method, and nothing that is of the connection alone', async () => {
    const seen: string[] = [];
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === '/readyz') return void outgoing.end();
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('end', () => {
        const { method, headers } = incoming;
        seen.push(`${method} ${Buffer.concat(pieces)} ${headers['x-own'] ?? 'without'} ${headers['x-other']}`);
        outgoing.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const node = { name: 'edge', url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${port}` };
    const balancer = await startBalancer(0, { edges: () => [node], ingestUrl: () => node.url });
    onTestFinished(() => {
      balancer.close();
      server.close();
    });
    const methods = ['GET', 'DELETE', 'POST'];
    for (const method of methods) {
      const answer = await sendRaw(
        Number(new URL(balancer.url).port),
        `${method} /a HTTP/1.1\r\nHost: a\r\nX-Own: 1\r\nX-Other: 2\r\nConnection: close, X-Own\r\n` +
          'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      );
      expect(answer.status).toBe(200);
    }
    expect(seen).toEqual(methods.map((method) => `${method} hello without 2`));
  });

  test('passes on what is answered before the body was read', async () => {
    const server = createServer((incoming, outgoing) => {
      if (incoming.url === '/readyz') return void outgoing.end();
      outgoing.writeHead(413, { Connection: 'close' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const node = { name: 'edge', url: `http://127.0.0.1:${port}`, adminUrl: `http://127.0.0.1:${port}` };
    const balancer = await startBalancer(0, { edges: () => [node], ingestUrl: () => node.url });
    onTestFinished(() => {
      balancer.close();
      server.close();
    });
    const body = 'x'.repeat(20_000_000);
    const send = () => fetch(`${balancer.url}/a`, { method: 'POST', body }).then(({ status }) => status);
    // The network may lose it now and then, and without care does so always.
    await expect.poll(send, { timeout: 5_000 }).toBe(413);
  });
});
