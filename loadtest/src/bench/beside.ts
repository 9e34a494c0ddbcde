import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beside } from '../server/beside.ts';

/** What may be switched on for a run, to see what it costs. */
export const FEATURES = ['webhooks', 'cloudevents', 'journal'] as const;
export type Feature = (typeof FEATURES)[number];

/** Has everything that is started from now on do this as well. @returns ends what it needs. */
export async function switchOn(features: readonly Feature[]): Promise<() => Promise<void>> {
  if (features.includes('journal')) beside.env.TIDINGS_JOURNAL_MAX_BYTES = `${64 * 1_048_576}`;
  if (features.includes('cloudevents')) beside.query = '&format=cloudevents';
  return features.includes('webhooks') ? switchOnWebhooks() : async () => {};
}

// One endpoint that wants everything, and takes it at once; own topics are then personal ones.
async function switchOnWebhooks(): Promise<() => Promise<void>> {
  const server = createServer((asked, answer) => asked.resume().on('end', () => answer.writeHead(204).end()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  const path = join(folder, 'webhooks.json');
  const endpoint = {
    name: 'bench',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    secret: { file: join(folder, 'secret') },
    events: ['*'],
    topics: ['bench.*'],
    allowPrivate: true,
  };
  writeFileSync(endpoint.secret.file, `whsec_${randomBytes(32).toString('base64')}`);
  writeFileSync(path, JSON.stringify({ unreachedAfterSec: 1, endpoints: [endpoint] }));
  beside.env.TIDINGS_WEBHOOKS_FILE = path;
  beside.ownTopic = 'user.{n}';
  return async () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  };
}
