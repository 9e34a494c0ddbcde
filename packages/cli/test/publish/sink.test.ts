import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createSink } from '../../src/publish/sink.ts';

/** What answers the first requests with these statuses, and then as an ingest does. */
async function listen(statuses: number[]): Promise<string> {
  const server = createServer((request, response) => {
    const status = statuses.shift();
    let body = '';
    request.on('data', (text) => {
      body += text;
    });
    request.on('end', () => {
      const lines = body.trim().split('\n');
      const results = lines.map((_, index) => ({ index, status: 202, topic: 'a', id: `${index}` }));
      response.setHeader('content-type', status ? 'text/html' : 'application/json');
      response.writeHead(status ?? 202).end(status ? 'away' : JSON.stringify({ results }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('where events are published', () => {
  test('a hub that can not take them now is asked again, and that is told once for each time', async () => {
    const notes: string[] = [];
    const ingestUrl = await listen([502, 503]);
    const deployment = { url: ingestUrl, ingestUrl, token: 't', publishToken: 't' };
    const sink = createSink(deployment, (text) => notes.push(text));
    const results = await sink.publishMany([{ topic: 'a', data: 1 }]);
    expect(results).toEqual([{ status: 'accepted', index: 0, topic: 'a', id: '0' }]);
    expect(notes).toEqual(['the hub can not take it now (502), trying again for half a minute']);
  });
});
