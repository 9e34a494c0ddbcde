import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mintToken } from '@tidings/auth';
import { type Hub, startHub } from '@tidings/hub';
import { createLogger, loadSettings, systemClock } from '@tidings/runtime';
import { CloudEvent, HTTP } from 'cloudevents';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ROOT } from './hub-process.ts';

const execute = promisify(execFile);
const SECRET = 'a secret of this test that is 32 bytes or longer';
const SECRETS = {
  GITHUB_SECRET: 'of github',
  STRIPE_SECRET: 'whsec_of-stripe',
  STRIPE_SECRET_OLD: 'whsec_before',
  MAIL_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
};

/** The bin of the command line's package. */
const TIDINGS = `tidings() { '${process.execPath}' '${join(ROOT, 'packages/cli/dist/main.js')}' "$@"; }`;

/** The blocks of a language in a guide, in its order. */
function blocksOf(guide: string, language: string): string[] {
  const text = readFileSync(join(ROOT, `docs/guides/${guide}.md`), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);
}

let folder: string;
let hub: Hub;
let env: NodeJS.ProcessEnv;

const mint = (tidings: object): Promise<string> => mintToken(SECRET, { sub: 'alice', tidings }, 600, systemClock);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-guides-'));
  const hooksFile = join(folder, 'hooks.json');
  writeFileSync(hooksFile, blocksOf('webhooks-in', 'json')[0] ?? '');
  for (const [name, value] of Object.entries(SECRETS)) vi.stubEnv(name, value);
  const given = { PORT: '0', TIDINGS_ADMIN_PORT: '0', TIDINGS_JWT_SECRET: SECRET, TIDINGS_HOOKS_FILE: hooksFile };
  hub = await startHub(loadSettings(given), createLogger('hub', 'fatal', { write() {} }));
  const [PUB, SUB] = await Promise.all([mint({ publish: ['>'] }), mint({ subscribe: ['>'] })]);
  env = { PATH: process.env.PATH, ...SECRETS, HUB: hub.url, PUB, SUB };
}, 60_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub?.stop();
  rmSync(folder, { recursive: true });
});

/** What the commands of a guide print, block by block. */
async function runAll(guide: string): Promise<string[]> {
  const printed: string[] = [];
  for (const block of blocksOf(guide, 'sh')) {
    const { stdout } = await execute('sh', ['-c', `set -eu\n${TIDINGS}\n${block}`], { cwd: folder, env });
    printed.push(stdout);
  }
  return printed;
}

const history = async (topic: string): Promise<object[]> => {
  const headers = { authorization: `Bearer ${env.SUB}` };
  return (await (await fetch(`${hub.url}/v1/topics/${topic}/events`, { headers })).json()).events;
};

describe('the commands of the guides', () => {
  test('webhooks-in: deliveries of GitHub and Stripe are events, and a ping is ignored', async () => {
    const answers = (await runAll('webhooks-in')).map((text) => JSON.parse(text));
    expect(answers).toEqual([
      { topic: 'ci.hub.fix/v1%2E2', id: expect.any(String) },
      { topic: 'user.alice', id: expect.any(String) },
      { ignored: 'header:x-github-event has another value.' },
      {
        tenant: 'default',
        topic: 'ci.hub.main',
        event: 'completed',
        id: '5f0c1e9a',
        data: { head_branch: 'main', conclusion: 'failure' },
      },
    ]);
    expect(await history('ci.>')).toMatchObject([{ event: 'completed', data: { conclusion: 'success' } }]);
    expect(await history('user.alice')).toMatchObject([{ event: 'payment_intent.succeeded', data: { amount: 1500 } }]);
  });

  test('cloudevents: what is published comes out as CloudEvents, in history, on a stream, and in its SDK', async () => {
    const [code = ''] = blocksOf('cloudevents', 'js');
    const shown: unknown[] = [];
    const show = (...what: unknown[]): void => void shown.push(what);
    // biome-ignore lint/security/noGlobalEval: the guide's own code
    const page = eval(`(EventSource, HTTP, hub, token, show) => { ${code}; return source; }`);
    const source: EventSource = page(EventSource, HTTP, hub.url, env.SUB, show);
    await new Promise((resolve) => source.addEventListener('hub.live', resolve));

    const printed = await runAll('cloudevents');
    const topics = printed.slice(0, 4).flatMap((text) => {
      const answer = JSON.parse(text);
      return (answer.results ?? [answer]).map(({ topic }: { topic: string }) => topic);
    });
    expect(topics).toEqual(['orders.42', 'orders.42', 'orders.42', 'orders.43', 'deliveries']);
    const { events } = JSON.parse(printed[4] ?? '');
    const read = events.map((event: object) => new CloudEvent(event, true));
    expect(read.map(({ type, data }: { type: string; data: unknown }) => [type, data])).toEqual([
      ['order.shipped', { state: 'shipped' }],
      ['order.note', 'left at the door'],
      ['order.paid', { amount: 5 }],
      ['order.paid', { amount: 7 }],
    ]);
    const last = events.at(-1);
    expect(printed[5]).toContain(`event: order.paid\nid: ${last.id}\ndata: ${JSON.stringify(last)}\n\n`);
    expect(await history('deliveries')).toMatchObject([{ event: 'parcel.scanned', data: 'parcel 9' }]);
    await vi.waitFor(() => expect(shown).toEqual([['order.paid', { amount: 5 }]]));
    source.close();
  });
});
