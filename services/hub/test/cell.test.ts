import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from '@tidings/runtime/testing';
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

test('section 9: a hub does not start with a cell that its file does not have', async () => {
  const path = writeCells({ cells, others: ['eu-1'] });
  await expect(startTestHub({ TIDINGS_CELLS_FILE: path, TIDINGS_CELL: 'us-1' })).rejects.toMatchObject({
    name: 'ConfigurationError',
    problems: ['TIDINGS_CELL: is no cell of TIDINGS_CELLS_FILE'],
  });
});
