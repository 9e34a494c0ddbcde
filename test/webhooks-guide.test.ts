import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStream } from '@tidings/runtime/testing';
import { parseWebhooksFile } from '@tidings/webhooks';
import { expect, onTestFinished, test } from 'vitest';
import { runHere } from '../packages/cli/test/command-run.ts';
import { readSecrets } from '../services/dispatcher/src/secrets.ts';
import { HOOK_SECRET, startReceiver } from '../services/dispatcher/test/receiver.ts';
import { startTestHub } from '../services/hub/test/fixture.ts';
import { ROOT } from './hub-process.ts';

const guide = readFileSync(join(ROOT, 'docs/guides/webhooks.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

test('the secret that the guide makes is one that its file can name', () => {
  const [make = ''] = blocks('sh');
  const secret = execFileSync('sh', ['-c', `${make}printf %s "$CRM_SECRET"`], { encoding: 'utf8' });
  const plan = parseWebhooksFile(blocks('json')[0] ?? '');
  expect(readSecrets(plan.endpoints, { CRM_SECRET: secret })).toEqual(new Map([['crm', [secret]]]));
});

test('the commands of the guide list what was given up, and have it delivered', async () => {
  const receiver = await startReceiver();
  const folder = mkdtempSync(join(tmpdir(), 'tidings-webhooks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [file] = (JSON.parse(blocks('json')[0] ?? '') as { endpoints: object[] }).endpoints;
  const secret = { file: join(folder, 'secret') };
  const endpoint = { ...file, url: receiver.url, secret, tenants: undefined, allowPrivate: true };
  writeFileSync(secret.file, HOOK_SECRET);
  writeFileSync(join(folder, 'webhooks.json'), JSON.stringify({ endpoints: [endpoint] }));
  const hub = await startTestHub({ TIDINGS_WEBHOOKS_FILE: join(folder, 'webhooks.json') });
  const env = { TIDINGS_URL: hub.url, TIDINGS_TOKEN: await hub.token({ subscribe: ['>'], admin: true }) };
  receiver.answer(410);
  const headers = { authorization: `Bearer ${env.TIDINGS_TOKEN}` };
  const client = await openStream(`${hub.url}/v1/stream?topic=orders`, { headers });
  onTestFinished(() => client.destroy());
  const [list, dead, replay] = (blocks('sh').at(-1) ?? '').trim().split('\n');
  const run = async (line = ''): Promise<string> => (await runHere(line.split(' ').slice(1), { env })).out;
  await expect.poll(() => run(dead)).toContain('session.opened');
  expect(await run(list)).toMatch(/^crm +http:\S+ +0 +1 +session\.opened/m);
  receiver.answer(204);
  expect(await run(replay)).toBe('queued 1\n');
  await expect.poll(() => receiver.hooks.map(({ type }) => type)).toEqual(['session.opened']);
  expect((await runHere(['webhooks', 'dead', 'nobody'], { env })).code).toBe(66);
});
