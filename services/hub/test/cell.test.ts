import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream, request, type StreamClient } from '@tidings/runtime/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startTestHub } from './fixture.ts';

function writeCells(file: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-cells-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'cells.json');
  writeFileSync(path, JSON.stringify(file));
  return path;
}

const cells = Object.fromEntries(
  ['eu-1', 'eu-2'].map((name) => [name, { edge: `https://${name}.example`, ingest: `https://in.${name}.example` }]),
);

test('a hub of a cell sends publishers and readers of another one to its ingest and to its edge', async () => {
  const path = writeCells({ cells, tenants: { acme: 'eu-2' }, others: ['eu-1'] });
  const hub = await startTestHub({ TIDINGS_CELLS_FILE: path, TIDINGS_CELL: 'eu-1' });
  const ask = async (tenant: string, method: string, path: string): Promise<[number, string | undefined]> => {
    const token = await hub.token({ publish: ['>'], subscribe: ['>'] }, { tenant });
    const body = method === 'POST' ? { body: 'x' } : {};
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
    const answer = await request(`${hub.url}${path}`, { method, headers, ...body });
    const { host } = (await answer.json()) as { host?: string };
    return [answer.status, host];
  };
  expect(await ask('acme', 'POST', '/v1/topics/a/events')).toEqual([421, 'https://in.eu-2.example']);
  expect(await ask('acme', 'GET', '/v1/topics/a/events')).toEqual([421, 'https://eu-2.example']);
  expect((await ask('other', 'POST', '/v1/topics/a/events'))[0]).toBe(202);
  expect((await ask('other', 'GET', '/v1/topics/a/events'))[0]).toBe(200);
});

test('a tenant moves: both cells serve it, the old one then sends it away, and its cursor is a gap in the new one', async () => {
  const [before, after] = ['eu-1', 'eu-2'].map((acme) => writeCells({ cells, tenants: { acme }, others: ['eu-1'] }));
  const start = (cell: string, map = ''): ReturnType<typeof startTestHub> =>
    startTestHub({ TIDINGS_CELLS_FILE: map, TIDINGS_CELL: cell });
  const [old, next, closed] = await Promise.all([start('eu-1', before), start('eu-2', after), start('eu-1', after)]);
  const token = await old.token({ publish: ['>'], subscribe: ['>'] }, { tenant: 'acme' });
  const authorization = `Bearer ${token}`;
  const publish = async (url: string, text: string): Promise<number> => {
    const headers = { authorization, 'content-type': 'text/plain' };
    return (await request(`${url}/v1/topics/a/events`, { method: 'POST', headers, body: text })).status;
  };
  const listen = async (url: string, cursor = ''): Promise<StreamClient> => {
    const headers = { authorization, accept: 'text/event-stream', ...(cursor && { 'last-event-id': cursor }) };
    const client = await openStream(`${url}/v1/stream?topic=a`, { headers });
    onTestFinished(() => client.destroy());
    return client;
  };
  const first = await listen(old.url);
  await first.event('hub.live');
  expect([await publish(old.url, 'both'), await publish(next.url, 'both')]).toEqual([202, 202]);
  await first.until((client) => client.published().length === 1);
  // As the edges of the old cell are once they have the new map.
  expect((await listen(closed.url, first.lastEventId)).status).toBe(421);
  expect(await publish(closed.url, 'lost')).toBe(421);
  const second = await listen(next.url, first.lastEventId);
  expect(JSON.parse((await second.event('hub.gap')).data)).toMatchObject({ reason: 'reset', from: first.lastEventId });
  await second.event('hub.live');
  expect(await publish(next.url, 'moved')).toBe(202);
  await second.until((client) => client.published().some(({ data }) => data === 'moved'));
});

test('section 9: a hub does not start with a cell that its file does not have', async () => {
  const path = writeCells({ cells, others: ['eu-1'] });
  await expect(startTestHub({ TIDINGS_CELLS_FILE: path, TIDINGS_CELL: 'us-1' })).rejects.toMatchObject({
    name: 'ConfigurationError',
    problems: ['TIDINGS_CELL: is no cell of TIDINGS_CELLS_FILE'],
  });
});
