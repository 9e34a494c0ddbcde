import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Outcome, runHere } from './command-run.ts';

/** `tidings webhooks replay crm`, of a hub that answers with this. */
async function replay(answer: object): Promise<Outcome> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return runHere(['webhooks', 'replay', 'crm', '--url', url, '--token', 'x']);
}

test('a replay that took as many as one may says that there may be more', async () => {
  expect(await replay({ replayed: 999 })).toMatchObject({ out: 'queued 999\n', err: '', code: 0 });
  expect(await replay({ replayed: 1_000 })).toMatchObject({
    out: 'queued 1000\n',
    err: 'tidings: these were the most of one replay: there may be more, so run it again.\n',
    code: 0,
  });
});
