import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/command-error.ts';
import { type Outcome, runHere } from '../command-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidings-hooks-test-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string | object): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const GITHUB = {
  name: 'github',
  provider: 'github',
  secret: { env: 'GITHUB_SECRET' },
  tenant: 'acme',
  when: { '/action': 'completed' },
  topic: 'ci.{/repository/name}',
  event: '{/action}',
  data: '/run',
};
const MAIL = { name: 'mail', provider: 'standard', secret: { file: 'mail-secret' }, topic: 'mail' };
file('mail-secret', WHSEC);
const config = file('hooks.json', { hooks: [GITHUB, MAIL] });
const RUN = JSON.stringify({ action: 'completed', repository: { name: 'a.b' }, run: { ok: true } });
const DELIVERY = 'X-GitHub-Delivery: 72d3';

interface Given {
  readonly body?: string;
  readonly headers?: readonly string[];
  readonly words?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

function tryOut({ body = RUN, headers = [DELIVERY], words = ['--name', 'github'], env = {} }: Given): Promise<Outcome> {
  const options = headers.flatMap((header) => ['--header', header]);
  return runHere(['hooks', 'test', '--config', config, ...words, ...options], { stdin: body, env });
}

const signed = (secret: string, body = RUN): string =>
  `x-hub-signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('tidings hooks test', () => {
  test('shows the event that a delivery becomes, and says that no signature was looked at', async () => {
    const { code, out, err } = await tryOut({});
    expect(out).toBe('tenant   acme\ntopic    ci.a%2Eb\nevent    completed\nid       72d3\ndata     {"ok":true}\n');
    expect(err).toBe('tidings: the signature was not checked: an ingest refuses what has no x-hub-signature-256.\n');
    expect(code).toBe(0);
  });

  test('is exact as JSON, and reads the body from a file and the name of the hooks file from its variable', async () => {
    const words = [
      'hooks',
      'test',
      '--name',
      'github',
      '--json',
      '--header',
      DELIVERY,
      '--body',
      file('run.json', RUN),
    ];
    const { code, out } = await runHere(words, { env: { TIDINGS_HOOKS_FILE: config } });
    const event = { tenant: 'acme', topic: 'ci.a%2Eb', event: 'completed', id: '72d3', data: { ok: true } };
    expect([code, JSON.parse(out)]).toEqual([0, event]);
  });

  test('checks a signature with the secrets that the file names, beside it too', async () => {
    const env = { GITHUB_SECRET: 'right' };
    const good = await tryOut({ headers: [DELIVERY, signed('right')], env });
    expect([good.code, good.err]).toEqual([0, '']);
    const wrong = await tryOut({ headers: [DELIVERY, signed('other')], env });
    expect(wrong).toMatchObject({ code: EXIT.data, out: expect.stringMatching(/^refused {2}401: .* is wrong: /) });
    const none = await tryOut({ headers: [DELIVERY, signed('right')] });
    expect(none).toMatchObject({ code: EXIT.configuration, err: expect.stringContaining('GITHUB_SECRET is not set') });
    const at = new Date(Date.now() - 3_600_000);
    const mail = ['webhook-id: m1', `webhook-timestamp: ${Math.floor(at.getTime() / 1_000)}`];
    const signature = `webhook-signature: ${new Webhook(WHSEC).sign('m1', at, '{}')}`;
    const stale = await tryOut({ body: '{}', headers: [...mail, signature], words: ['--name', 'mail'] });
    expect([stale.code, stale.out]).toEqual([EXIT.data, expect.stringContaining('is stale: it was signed more than')]);
  });

  test.each([
    ['ignored by a condition', { body: '{"action":"requested"}' }, EXIT.no, 'ignored  /action has another value.\n'],
    ['ignored without its id', { headers: [] }, EXIT.no, 'ignored  header:x-github-delivery has no value.\n'],
    ['no JSON', { body: '{' }, EXIT.data, 'refused  400: The body is not valid JSON.\n'],
    [
      'too large',
      { body: `"${'x'.repeat(1_048_576)}"` },
      EXIT.data,
      'refused  413: the body has more than 1048576 bytes\n',
    ],
  ])('says why a delivery is %s', async (_, given, code, out) => {
    expect(await tryOut(given)).toMatchObject({ code, out });
  });

  test.each([
    ['a hook that is not there', { words: ['--name', 'gitlab'] }, EXIT.noInput, 'there are github, mail.'],
    ['no name where there are two', { words: [] }, EXIT.usage, 'the file has github, mail.'],
    ['a header that is none', { headers: ['X-GitHub-Delivery'] }, EXIT.usage, '--header is "name: value"'],
    ['a body that is not there', { words: ['--name', 'github', '--body', '/nowhere'] }, EXIT.noInput, '(ENOENT)'],
  ])('refuses %s', async (_, given, code, err) => {
    expect(await tryOut(given)).toMatchObject({ code, out: '', err: expect.stringContaining(err) });
  });

  test('shows the data as it is delivered: a whole body with its own numbers, and what no event can have as ignored', async () => {
    const whole = '{ "a": "x  \\" y",\n "n": [12345678901234567890, 1.10] }';
    const mail = await tryOut({ body: whole, words: ['--name', 'mail', '--json'], headers: ['webhook-id: 1'] });
    const line =
      '{"tenant":"default","topic":"mail","id":"1","data":{"a":"x  \\" y","n":[12345678901234567890,1.10]}}\n';
    expect([mail.out, mail.code]).toEqual([line, 0]);
    const deep = RUN.replace('true', `${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    expect(await tryOut({ body: deep })).toMatchObject({ out: 'ignored  data is nested too deep.\n', code: EXIT.no });
    const half = await tryOut({ body: RUN.replace('{"ok":true}', '"\\ud800"') });
    expect(half).toMatchObject({ out: expect.stringContaining('data has a lone surrogate'), code: EXIT.no });
  });

  test('lists what is wrong with the file, and shows nothing of others that could move a cursor', async () => {
    const broken = file('broken.json', { hooks: [{ ...GITHUB, topic: 'ci.*' }] });
    const { code, err } = await runHere(['hooks', 'test', '--config', broken], { stdin: RUN });
    expect([code, err]).toEqual([EXIT.data, expect.stringContaining('"github": topic is not a topic')]);
    const { out } = await tryOut({ body: RUN.replace('true', '"\\u001b[2J"') });
    expect(out).not.toContain('\x1b');
    const text = await runHere(['hooks', 'test', '--config', file('text.json', { hooks: [{ ...MAIL, data: '/t' }] })], {
      stdin: '{"t":"\\u001b[2J"}',
    });
    expect(text.out).not.toContain('\x1b');
  });
});
