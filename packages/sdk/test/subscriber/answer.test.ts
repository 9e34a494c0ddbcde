import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createTidings, type HubError } from '../../src/subscriber/index.ts';

test('a page that says 200 where a stream should be is told as an answer that is no hub’s', async () => {
  const page = createServer((_request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(page, 'listening');
  const tidings = createTidings({ url: `http://127.0.0.1:${(page.address() as AddressInfo).port}` });
  onTestFinished(() => {
    tidings.close();
    page.close();
    page.closeAllConnections();
  });
  const told = new Promise<HubError>((resolve) => tidings.on('error', resolve));
  tidings.subscribe('a', () => {});
  expect(await told).toMatchObject({ code: 'answer', status: 200 });
});
