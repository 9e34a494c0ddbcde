import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startTestHub } from '../services/hub/test/fixture.ts';
import { ROOT } from './hub-process.ts';

const GUIDE = readFileSync(join(ROOT, 'docs/guides/explain.md'), 'utf8');
const blocksOf = (language: string): string[] =>
  [...GUIDE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

test('the commands of the guide to explaining print what it says', async () => {
  const settings = Object.fromEntries(
    blocksOf('ini').flatMap((block) =>
      block
        .trim()
        .split('\n')
        .map((line) => line.split('=')),
    ),
  );
  const hub = await startTestHub(settings);
  const folder = mkdtempSync(join(tmpdir(), 'tidings-guide-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const env = {
    PATH: process.env.PATH,
    HUB: hub.url,
    PUBLISHER: await hub.token({ publish: ['orders.*'] }),
    TOKEN: await hub.token({ subscribe: ['orders.*'] }, { sub: 'alice' }),
    ADMIN: await hub.token({ admin: true }),
  };
  // One shell: what a block sets, and leaves running, is there for the next.
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', blocksOf('sh').join('\n')], {
    cwd: folder,
    env,
  });
  const printed = stdout.trim().split(/(?<=^\})\n/m);
  expect(printed.map((text) => JSON.parse(text))).toEqual(blocksOf('json').map((text) => JSON.parse(text)));
  expect(printed).toHaveLength(3);
});
