import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFakeClock } from '@tidings/runtime/testing';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Answer, createIngest, type IngestOptions, type TestIngest, textOf } from './fixture.ts';

const SECRETS = { GITHUB_NEW: 'the newer of two', GITHUB_OLD: 'the older of two', STRIPE: 'whsec_of-stripe' };
const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const folder = mkdtempSync(join(tmpdir(), 'tidings-hooks-'));
const hooksFile = join(folder, 'hooks.json');
writeFileSync(join(folder, 'mail'), `${WHSEC}\n`);
writeFileSync(
  hooksFile,
  JSON.stringify({
    hooks: [
      {
        name: 'github',
        provider: 'github',
        secret: [{ env: 'GITHUB_NEW' }, { env: 'GITHUB_OLD' }],
        tenant: 'acme',
        when: { 'header:x-github-event': 'workflow_run', '/action': ['completed', 'requested'] },
        topic: 'ci.{/repository/name}.{/workflow_run/head_branch}',
        event: '{header:x-github-event}.{/action}',
        data: '/workflow_run',
      },
      {
        name: 'stripe',
        provider: 'stripe',
        secret: { env: 'STRIPE' },
        topic: 'payments.{/data/object/customer}',
        event: '{/type}',
      },
      { name: 'texts', provider: 'github', secret: { env: 'GITHUB_OLD' }, topic: 'texts', data: '/repository' },
      { name: 'mail', provider: 'standard', secret: { file: 'mail' }, topic: '{/to}' },
    ],
  }),
);

const RUN = { action: 'completed', repository: { name: 'hub' }, workflow_run: { id: 17, head_branch: 'feature/v1.2' } };
const PAYMENT = '{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"customer":"cus_9","amount":1.50}}}';
const NOW_MS = Date.UTC(2026, 10, 21, 8);

const hex = (secret: string, ...pieces: (string | Buffer)[]): string => {
  const hmac = createHmac('sha256', secret);
  for (const piece of pieces) hmac.update(piece);
  return hmac.digest('hex');
};

async function start(options: IngestOptions = {}): Promise<TestIngest> {
  for (const [name, value] of Object.entries(SECRETS)) vi.stubEnv(name, value);
  return createIngest({ hooksFile, ...options });
}

const post = (
  ingest: TestIngest,
  name: string,
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<Answer> =>
  ingest.send(`/v1/hooks/${name}`, { token: '', body, headers: { 'Content-Type': 'application/json', ...headers } });

let deliveries = 0;
function github(
  ingest: TestIngest,
  body: unknown,
  headers: Record<string, string> = {},
  hook = 'github',
): Promise<Answer> {
  const text = JSON.stringify(body);
  deliveries += 1;
  return post(ingest, hook, text, {
    'X-GitHub-Event': 'workflow_run',
    'X-GitHub-Delivery': `delivery-${deliveries}`,
    'X-Hub-Signature-256': `sha256=${hex(SECRETS.GITHUB_OLD, text)}`,
    ...headers,
  });
}

const stripeHeader = (body: string, atMs = NOW_MS, secret = SECRETS.STRIPE): string =>
  `t=${atMs / 1000},v1=${'0'.repeat(64)},v1=${hex(secret, `${atMs / 1000}.`, body)},v0=ff`;

let hub: TestIngest;
beforeAll(async () => {
  hub = await start({ clock: createFakeClock(NOW_MS) });
});
afterAll(async () => {
  await hub.stop();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const countOf = async ({ metrics }: TestIngest, hook: string, result: string): Promise<number | undefined> =>
  (await metrics.hookRequests.get()).values.find(({ labels }) => labels.hook === hook && labels.result === result)
    ?.value;

describe('a webhook', () => {
  it('of GitHub is an event on the topic of its rule, with what the rule takes of it', async () => {
    const answer = await github(hub, RUN);
    expect([answer.status, answer.body]).toEqual([202, { id: expect.any(String), topic: 'ci.hub.feature/v1%2E2' }]);
    const message = hub.messages.at(-1);
    expect(message).toMatchObject({ tenant: 'acme', topic: 'ci.hub.feature/v1%2E2', event: 'workflow_run.completed' });
    expect(message && textOf(message)).toBe('{"id":17,"head_branch":"feature/v1.2"}');
  });

  it('of Stripe keeps its body to the letter where no part of it is asked for', async () => {
    const answer = await post(hub, 'stripe', PAYMENT, { 'Stripe-Signature': stripeHeader(PAYMENT) });
    expect(answer.body.topic).toBe('payments.cus_9');
    const message = hub.messages.at(-1);
    expect(message).toMatchObject({ tenant: 'default', event: 'payment_intent.succeeded', json: true });
    expect(message && textOf(message)).toBe(PAYMENT);
  });

  it('that comes again is stored once, by the id of its delivery', async () => {
    const header = { 'X-GitHub-Delivery': 'the same' };
    const first = await github(hub, RUN, header);
    const again = await github(hub, RUN, header);
    expect(again.body).toEqual({ ...first.body, duplicate: true });
    expect((await github(hub, RUN)).body).not.toHaveProperty('duplicate');
    expect(await countOf(hub, 'github', 'duplicate')).toBe(1);
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['has another event', RUN, { 'X-GitHub-Event': 'ping' }, 'header:x-github-event has another value.'],
    ['lacks what is asked for', { zen: 'x' }, {}, '/action has another value.'],
    ['has no value for its topic', { ...RUN, repository: {} }, {}, '/repository/name has no value.'],
    ['has too long a value', { ...RUN, repository: { name: 'x'.repeat(300) } }, {}, 'The topic is too long.'],
  ])('that %s is answered 202 and ignored, so that its provider goes on', async (_, body, headers, ignored) => {
    const before = hub.messages.length;
    const answer = await github(hub, body, headers);
    expect([answer.status, answer.body]).toEqual([202, { ignored }]);
    expect(hub.messages).toHaveLength(before);
  });

  it('whose data no event can have is ignored as well: nested too deep, or no text', async () => {
    const deep = `${'['.repeat(300_000)}${']'.repeat(300_000)}`;
    const text = JSON.stringify({ ...RUN, workflow_run: { ...RUN.workflow_run, deep: '' } }).replace('""', deep);
    const signature = `sha256=${hex(SECRETS.GITHUB_NEW, text)}`;
    const headers = { 'X-GitHub-Event': 'workflow_run', 'X-Hub-Signature-256': signature, 'X-GitHub-Delivery': 'deep' };
    const answer = await post(hub, 'github', text, headers);
    expect([answer.status, answer.body]).toEqual([202, { ignored: 'data is nested too deep.' }]);
    const lone = await github(hub, { repository: '\ud800' }, { 'X-GitHub-Event': 'text' }, 'texts');
    expect([lone.status, lone.body.ignored]).toEqual([202, expect.stringMatching(/^data has a lone surrogate/)]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['github', {}, 'missing'],
    ['github', { 'X-Hub-Signature-256': 'sha256=00' }, 'malformed'],
    ['github', { 'X-Hub-Signature-256': `sha256=${hex('another', PAYMENT)}` }, 'wrong'],
    ['github', { 'X-Hub-Signature': `sha1=${'0'.repeat(40)}` }, 'missing'],
    ['stripe', {}, 'missing'],
    ['stripe', { 'Stripe-Signature': 't=1' }, 'malformed'],
    ['stripe', { 'Stripe-Signature': `v1=${hex(SECRETS.STRIPE, '.', PAYMENT)}` }, 'malformed'],
    ['stripe', { 'Stripe-Signature': stripeHeader(PAYMENT, NOW_MS - 301_000) }, 'stale'],
    ['stripe', { 'Stripe-Signature': stripeHeader(PAYMENT, NOW_MS + 301_000) }, 'stale'],
    ['stripe', { 'Stripe-Signature': stripeHeader(PAYMENT, NOW_MS, 'another') }, 'wrong'],
    ['stripe', { 'Stripe-Signature': stripeHeader(`${PAYMENT} `) }, 'wrong'],
    ['mail', { 'webhook-id': 'a', 'webhook-signature': 'v1,x' }, 'missing'],
  ])('for %s with %j is 401 for a reason that the log alone has: %s', async (name, headers, refused) => {
    const [stored, logged] = [hub.messages.length, hub.lines.length];
    const answer = await post(hub, name, PAYMENT, headers);
    expect([answer.status, answer.body.code]).toEqual([401, 'invalid-signature']);
    expect(answer.headers['www-authenticate']).toBe('Webhook-Signature realm="tidings"');
    expect(answer.text).not.toContain(refused);
    expect(hub.messages).toHaveLength(stored);
    await vi.waitFor(() =>
      expect(hub.lines.slice(logged)).toContainEqual(expect.objectContaining({ hook: name, refused })),
    );
    expect(JSON.stringify(hub.lines)).not.toMatch(new RegExp(Object.values(SECRETS).join('|')));
  });

  it('counts by its hook and result, from 0 on', async () => {
    expect(await countOf(hub, 'github', 'invalid-signature')).toBeGreaterThan(0);
    expect(await countOf(hub, 'github', 'ignored')).toBeGreaterThan(0);
    expect(await countOf(hub, 'mail', 'accepted')).toBe(0);
  });

  it('of any other name is 404, and of any other form what it would be elsewhere', async () => {
    const signature = (body: string | Buffer): Record<string, string> => ({
      'X-GitHub-Event': 'workflow_run',
      'X-Hub-Signature-256': `sha256=${hex(SECRETS.GITHUB_NEW, body)}`,
    });
    const codeOf = async (name: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<string> =>
      (await post(hub, name, body, { ...signature(body), ...headers })).body.code;
    expect(await codeOf('nobody', '{}')).toBe('not-found');
    expect(await codeOf('github?a=b', '{}')).toBe('unknown-field');
    expect(await codeOf('github', '{')).toBe('malformed-body');
    expect(await codeOf('github', Buffer.from([0x22, 0xff, 0x22]))).toBe('malformed-body');
    expect(await codeOf('github', 'payload=%7B%7D', { 'Content-Type': 'application/x-www-form-urlencoded' })).toBe(
      'unsupported-media-type',
    );
    expect(await codeOf('github', 'x'.repeat(1_048_577))).toBe('body-too-large');
    expect((await hub.send('/v1/hooks/github', { method: 'GET' })).status).toBe(405);
  });
});

describe('a webhook of the Standard Webhooks', () => {
  it('counts as its own library signs, within five minutes', async () => {
    // That library reads the clock of the machine.
    const ingest = await start();
    onTestFinished(ingest.stop);
    const body = '{"to":"$hub.a b"}';
    const send = (at: Date, id = 'msg_1'): Promise<Answer> =>
      post(ingest, 'mail', body, {
        'webhook-id': id,
        'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
        'webhook-signature': `v1,AAAA ${new Webhook(WHSEC).sign('msg_1', at, body)}`,
      });
    expect((await send(new Date())).body.topic).toBe('%24hub%2Ea%20b');
    expect((await send(new Date())).body.duplicate).toBe(true);
    expect((await send(new Date(Date.now() - 310_000))).status).toBe(401);
    expect((await send(new Date(), 'msg_2')).status).toBe(401);
    expect(ingest.texts()).toEqual([body]);
  });
});

describe('limits of webhooks', () => {
  it('are those of publishing, which a stranger does not use up, and of what is refused', async () => {
    const ingest = await start({ limits: { ratePublish: 1, rateAuthFailures: 2 } });
    onTestFinished(ingest.stop);
    const forged = { 'X-Hub-Signature-256': `sha256=${'0'.repeat(64)}` };
    expect((await github(ingest, RUN, forged)).status).toBe(401);
    expect((await github(ingest, RUN)).status).toBe(202);
    const more = await github(ingest, RUN);
    expect([more.status, more.body.code]).toEqual([429, 'rate-limited']);
    expect(more.headers['retry-after']).toBeDefined();
    for (let place = 0; place < 3; place += 1) await github(ingest, RUN, forged);
    const refused = await github(ingest, RUN, forged);
    expect([refused.status, refused.headers['ratelimit-policy']]).toEqual([429, '"auth-failures";q=2;w=1']);
  });

  it('without a hooks file there is none', async () => {
    const ingest = await createIngest();
    onTestFinished(ingest.stop);
    expect((await github(ingest, RUN)).status).toBe(404);
  });
});
