import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createChance } from '../../../../loadtest/src/chaos/chance.ts';
import { createTidings } from '../../src/subscriber/create-tidings.ts';
import type { TidingsEvent } from '../../src/subscriber/event.ts';
import type { Tidings } from '../../src/subscriber/tidings.ts';
import { startTestHub } from '../hub.ts';
import { FakeBrowser, type FakeTab } from './fake-browser.ts';

const TOPICS = ['t.0', 't.1', 't.2'];
const FIRST_SEED = Number(process.env.TAB_SEED ?? 1);
const SEEDS = Array.from({ length: Number(process.env.TAB_SEEDS ?? 3) }, (_, place) => FIRST_SEED + place);

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What a tab got of a topic or pattern, and what it asked for. */
interface Log {
  readonly pattern: string;
  readonly replay: 'all' | 'none';
  readonly got: ReadonlyMap<string, number[]>;
}

class OpenTab {
  readonly logs: Log[] = [];
  readonly ready: Promise<void>[] = [];
  readonly errors: unknown[] = [];
  readonly tab: FakeTab;
  readonly tidings: Tidings;

  constructor(tab: FakeTab, options: { url: string; token: string }) {
    this.tab = tab;
    this.tidings = tab.run(() => createTidings({ ...options, user: 'alice' }));
    this.tidings.on('error', (error) => void (error.code === 'network' || this.errors.push(error)));
    this.tidings.on('gap', (gap) => void this.errors.push(gap));
  }

  subscribe(pattern: string, replay: Log['replay']): void {
    const got = new Map(TOPICS.map((topic) => [topic, [] as number[]]));
    this.logs.push({ pattern, replay, got });
    const note = (event: TidingsEvent): void => {
      if (this.tab.alive) got.get(event.topic)?.push(event.data as number);
    };
    this.ready.push(this.tab.run(() => this.tidings.subscribe(pattern, note, { replay }).ready));
  }
}

async function run(seed: number, acts: number): Promise<void> {
  const chance = createChance(seed);
  const hub = await startTestHub();
  const options = { url: hub.url, token: await hub.token(['>']) };
  const browser = new FakeBrowser(chance);
  browser.install();
  const counts = new Map(TOPICS.map((topic) => [topic, 0]));
  let tabs: OpenTab[] = [];
  let isPublishing = true;

  async function publish(topic: string): Promise<void> {
    const n = (counts.get(topic) as number) + 1;
    counts.set(topic, n);
    await hub.publish(topic, n);
  }
  async function publishAll(): Promise<void> {
    while (isPublishing) {
      await publish(chance.pick(TOPICS));
      await delay(chance.between(0, 3));
    }
  }

  function act(): void {
    const choice = chance.between(0, 1);
    const some = tabs.length > 0 ? chance.pick(tabs) : undefined;
    if (some === undefined || (choice < 0.3 && tabs.length < 5)) {
      tabs.push(new OpenTab(browser.open(), options));
    } else if (choice < 0.5) {
      (tabs.find(({ tab }) => tab.streams > 0) ?? some).tab.kill();
      tabs = tabs.filter(({ tab }) => tab.alive);
    } else if (choice < 0.6) {
      for (const { tab } of tabs) tab.cut();
    } else {
      some.subscribe(chance.happens(0.2) ? 't.*' : chance.pick(TOPICS), chance.happens(0.5) ? 'all' : 'none');
    }
  }

  const publishing = publishAll();
  for (let count = 0; count < acts; count += 1) {
    act();
    await delay(chance.between(0, 40));
  }
  isPublishing = false;
  await publishing;
  try {
    await within(45_000, Promise.all(tabs.flatMap(({ ready }) => ready)), () => describeTabs(tabs));
    for (const topic of TOPICS) await publish(topic);
    await vi.waitFor(() => check(tabs, counts), { timeout: 10_000, interval: 20 });
    const expected = tabs.some(({ logs }) => logs.length > 0) ? 1 : 0;
    await vi.waitFor(async () => expect(await hub.streams()).toBe(expected), 5_000);
  } finally {
    for (const { tidings, tab } of tabs) tab.run(() => tidings.close());
  }
}

// A client that was cut while it connected may wait for seconds; one that waits for ever is what is looked for.
async function within(ms: number, promise: Promise<unknown>, describe: () => string): Promise<void> {
  const late = new AbortController();
  const timeout = delay(ms, undefined, { signal: late.signal }).then(() => {
    throw new Error(`Still not ready: ${describe()}`);
  });
  await Promise.race([promise, timeout]);
  late.abort();
  await timeout.catch(() => {});
}

const describeTabs = (tabs: readonly OpenTab[]): string =>
  tabs
    .map(({ tidings, tab, logs }) => `${tidings.state}, ${tab.streams} streams, ${logs.map(({ pattern }) => pattern)}`)
    .join('; ');

function check(tabs: readonly OpenTab[], counts: ReadonlyMap<string, number>): void {
  for (const { logs, errors } of tabs) {
    expect(errors).toEqual([]);
    for (const { pattern, replay, got } of logs) {
      for (const [topic, numbers] of got) {
        const last = pattern === 't.*' || pattern === topic ? (counts.get(topic) as number) : 0;
        const first = replay === 'all' ? 1 : (numbers[0] ?? last);
        const expected = Array.from({ length: last === 0 ? 0 : last - first + 1 }, (_, place) => first + place);
        expect(numbers, `${pattern} ${replay} ${topic}`).toEqual(expected);
      }
    }
  }
}

describe('tabs that are opened, killed and cut at random', () => {
  test.each(SEEDS)(
    'share one stream, and each gets everything once and in order (seed %i)',
    (seed) => run(seed, 40),
    60_000,
  );
});
