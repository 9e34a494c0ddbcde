import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mintToken } from '@tidings/auth';
import { startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from './hub-process.ts';

const execute = promisify(execFile);
const SECRET = 'a secret of this test that is 32 bytes or longer';

// A shell, and what it prints, where the guide says it.
const COMMANDS = /^```sh\n(.*?)^```\n(?:\n```(json)?\n(.*?)^```)?/gms;

test('the commands of the guide to the inbox print what it says', async () => {
  const guide = readFileSync(join(ROOT, 'docs/guides/inbox.md'), 'utf8');
  const env = { PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET };
  const hub = await startHub(loadSettings(env), createLogger('hub', 'fatal', { write() {} }));
  onTestFinished(() => hub.stop());
  const mint = (sub: string, tidings: object): Promise<string> => mintToken(SECRET, { sub, tidings }, 60, systemClock);
  const given = {
    PATH: process.env.PATH,
    HUB: hub.url,
    PUBLISHER: await mint('shop', { publish: ['user.*'] }),
    TOKEN: await mint('alice', {}),
  };
  const blocks = [...guide.matchAll(COMMANDS)];
  expect(blocks).toHaveLength(3);
  for (const [, commands = '', json, expected] of blocks) {
    const { stdout } = await execute('bash', ['-euo', 'pipefail', '-c', commands], { env: given });
    if (expected === undefined) expect(stdout).toMatch(/^(\{"topic":"user\.alice","id":"[^"]+"\}){2}$/);
    else if (json) expect(JSON.parse(stdout)).toEqual(JSON.parse(expected));
    else expect(stdout).toBe(expected);
  }
});
