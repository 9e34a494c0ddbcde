import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createSseDecoder, type DecodedEvent } from '@tidings/protocol';
import {
  openStream,
  request,
  type StreamClient,
  TEST_CERTIFICATE,
  TRANSPORT,
  toOrigin,
} from '@tidings/runtime/testing';
import { EventSource } from 'eventsource';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchBrowser } from './browser.ts';
import { createCuttingProxy } from './cutting-proxy.ts';
import { type HubProcess, ROOT, startHubProcess } from './hub-process.ts';

const TOPIC = 'builds.1';
const ARTEFACTS = join(ROOT, 'test-results');

const SOME_TESTS = ['control-event', 'problem'].map((name) => `packages/protocol/test/${name}.test.ts`);
const CURL_OPTIONS = { h1: '', h2c: 'http2-prior-knowledge\n', tls: 'cacert = "CA"\n' };
const picture = (name: string): string =>
  join(ARTEFACTS, TRANSPORT === 'h1' ? `${name}.png` : `${name}-${TRANSPORT}.png`);

let hub: HubProcess;
let browser: Browser;
let scratch: string;

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'tidings-journey-'));
  mkdirSync(ARTEFACTS, { recursive: true });
  // curl speaks what the others do, also where a command is pasted as it stands.
  process.env.CURL_HOME = scratch;
  writeFileSync(join(scratch, 'ca.pem'), TEST_CERTIFICATE.cert);
  writeFileSync(join(scratch, '.curlrc'), CURL_OPTIONS[TRANSPORT].replace('CA', join(scratch, 'ca.pem')));
  [hub, browser] = await Promise.all([startHubProcess(), launchBrowser()]);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await hub?.stop();
  expect(hub?.output()).toContain('"msg":"stopped"');
  rmSync(scratch, { recursive: true, force: true });
});

/** The lines that a command prints, as it prints them. */
async function* linesOf(command: string, ...args: string[]): AsyncGenerator<string> {
  const env = { ...process.env, NO_COLOR: '1' };
  // A run of vitest inside of one must not take itself for a worker of the outer one.
  for (const name of Object.keys(env))
    if (name.startsWith('VITEST') || name === 'TEST') Reflect.deleteProperty(env, name);
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  yield* createInterface({ input: child.stdout });
  expect(await exited, `${command} ${args.join(' ')}`).toBe(0);
}

/** The real output of a build, then of some tests of one package: as few as still take a while and print a lot. */
async function* buildLog(): AsyncGenerator<string> {
  const build = [
    '-p',
    'packages/protocol',
    '--outDir',
    scratch,
    '--tsBuildInfoFile',
    join(scratch, 'build'),
    '--listFiles',
  ];
  yield* linesOf('npx', '--no-install', 'tsc', ...build, '--extendedDiagnostics');
  yield* linesOf(
    'npx',
    '--no-install',
    'vitest',
    'run',
    '--project',
    'tidings',
    ...SOME_TESTS,
    '--reporter',
    'verbose',
  );
}

async function publish(events: readonly object[]): Promise<void> {
  const response = await request(`${hub.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${hub.publishToken}`, 'content-type': 'application/x-ndjson' },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  expect(response.status, await response.text()).toBe(202);
}

/** Pipes the log into the topic: each request carries the lines that came while the one before was under way. */
async function pipeLog(onPublished: (lines: readonly string[]) => void): Promise<string[]> {
  const lines: string[] = [];
  const waiting: object[] = [];
  let sending = Promise.resolve();
  let sent = 0;
  const send = async (): Promise<void> => {
    const batch = waiting.splice(0, 200);
    if (batch.length === 0) return;
    await publish(batch);
    sent += batch.length;
    onPublished(lines.slice(0, sent));
    await send();
  };
  for await (const line of buildLog()) {
    lines.push(line);
    waiting.push({ topic: TOPIC, event: 'line', data: line });
    sending = sending.then(send);
  }
  await sending;
  await publish([{ topic: TOPIC, event: 'end', data: { code: 0 }, final: true }]);
  return lines;
}

const streamUrl = (base: string): string =>
  `${base}/v1/stream?topic=${TOPIC}&replay=all&access_token=${hub.subscribeToken}`;
const dataOf = (events: readonly DecodedEvent[], name: string): string[] =>
  events.filter(({ event }) => event === name).map(({ data }) => data);

/** Follows a topic with curl, as its own process. */
function followWithCurl(): { events: DecodedEvent[]; done: Promise<void> } {
  const events: DecodedEvent[] = [];
  const child = spawn('curl', ['-sN', streamUrl(hub.url)], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`curl is needed: ${error.message}`)));
    const decoder = createSseDecoder({
      event(event) {
        events.push(event);
        if (event.event === 'end') resolve();
      },
    });
    child.stdout.on('data', (bytes) => decoder.feed(bytes));
  });
  return { events, done };
}

/** Follows a topic with the `eventsource` package, which reconnects by itself as a browser does. */
function followWithEventSource(base: string): { lines: string[]; opened: () => number; done: Promise<void> } {
  const lines: string[] = [];
  let opened = 0;
  const source = new EventSource(streamUrl(base), { fetch: request });
  onTestFinished(() => source.close());
  source.addEventListener('open', () => {
    opened += 1;
  });
  source.addEventListener('line', ({ data }) => void lines.push(data));
  return {
    lines,
    opened: () => opened,
    done: new Promise((resolve) => source.addEventListener('end', () => resolve())),
  };
}

describe('a build log on its way from the publisher to everybody who follows it', () => {
  test('curl, the eventsource client and a browser show every line in order; who joins late or is cut has the same', async () => {
    const curl = followWithCurl();
    const client = followWithEventSource(hub.url);
    const proxy = await createCuttingProxy(Number(new URL(hub.url).port), [4_000, 9_000, 6_000]);
    onTestFinished(() => proxy.close());
    const cut = followWithEventSource(toOrigin(proxy.port));
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${hub.url}/?topic=${TOPIC}&events=line,end`);
    await page.waitForFunction(() => document.querySelector('#state')?.textContent === 'live');

    let late: Promise<StreamClient> | undefined;
    const lines = await pipeLog((published) => {
      if (published.length > 60) late ??= openStream(streamUrl(hub.url));
    });
    expect(lines.length).toBeGreaterThan(200);

    await Promise.all([curl.done, client.done, cut.done]);
    const lateClient = await (late as Promise<StreamClient>);
    onTestFinished(() => lateClient.destroy());
    await lateClient.event('end');
    await page.waitForSelector('#events > li[data-event="end"]');

    expect(dataOf(curl.events, 'line')).toEqual(lines);
    expect(client.lines).toEqual(lines);
    expect(dataOf(lateClient.events, 'line')).toEqual(lines);
    expect(cut.lines).toEqual(lines);
    expect([proxy.cuts, cut.opened()]).toEqual([3, 4]);
    const shown = await page.locator('#events > li[data-event="line"] .data').allTextContents();
    expect(shown).toEqual(lines);
    expect(faults).toEqual([]);
    await page.screenshot({ path: picture('journey') });
    await page.close();
  });

  test('the two commands that the hub prints work when they are pasted', async () => {
    const receive = spawn('sh', ['-c', `exec ${hub.receiveCommand}`], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void receive.kill());
    const heard = new Promise<string>((resolve) => {
      const decoder = createSseDecoder({
        event({ event, data }) {
          if (event === 'hub.live') execFileSync('sh', ['-c', hub.publishCommand], { stdio: 'ignore' });
          if (event === 'message') resolve(data);
        },
      });
      receive.stdout.on('data', (bytes) => decoder.feed(bytes));
    });
    expect(await heard).toBe('Hello');
  });

  test('the commands of the README show what the README says', async () => {
    const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```sh\n(.*?)```/gs)].map(
      (match) => match[1] as string,
    );
    const [, receive, publishing, resume] = blocks.map((block) => block.replaceAll('http://127.0.0.1:8080', hub.url));
    const env = { ...process.env, SUB: hub.subscribeToken, PUB: hub.publishToken };
    const follow = (command: string | undefined, id: string): ChildProcess => {
      const child = spawn('sh', ['-c', `exec ${command}`], {
        env: { ...env, ID: id },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      onTestFinished(() => void child.kill());
      return child;
    };
    const statuses = (child: ChildProcess): Promise<DecodedEvent[]> =>
      new Promise((resolve) => {
        const seen: DecodedEvent[] = [];
        const decoder = createSseDecoder({
          event(event) {
            if (event.event === 'hub.live') execFileSync('sh', ['-c', publishing as string], { env, stdio: 'ignore' });
            if (event.event === 'status') seen.push(event);
            if (seen.length === 2) resolve(seen);
          },
        });
        child.stdout?.on('data', (bytes) => decoder.feed(bytes));
      });
    const [packed, shipped] = await statuses(follow(receive, ''));
    expect([packed?.data, shipped?.data]).toEqual(['packed', '{"state":"shipped"}']);
    // From the first event's cursor comes the second, and then what the block publishes again: all but the duplicate.
    const resumed = await statuses(follow(resume, packed?.lastEventId as string));
    expect(resumed.map(({ data }) => data)).toEqual(['{"state":"shipped"}', 'packed']);
  });

  test("the page at / publishes to the topic and shows what it published, by the browser's own EventSource", async () => {
    const page = await browser.newPage();
    await page.goto(`${hub.url}/?topic=demo.page`);
    await page.waitForFunction(() => document.querySelector('#state')?.textContent === 'live');
    await page.fill('#publish-data', 'line one\nline <b>two</b>');
    await page.click('#publish-form button[type="submit"]');
    await page.waitForSelector('#events > li .data');
    expect(await page.locator('#events > li .data').last().textContent()).toBe('line one\nline <b>two</b>');
    await page.screenshot({ path: picture('page') });
    await page.close();
  });

  test('no token and no payload stands in what the hub printed as log lines', () => {
    const lines = hub
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(line).not.toContain(hub.subscribeToken);
      expect(line).not.toContain(hub.publishToken);
      expect(line).not.toContain('line <b>two');
    }
    expect(lines.some((line) => line.includes('access_token=REDACTED'))).toBe(true);
  });
});
