import { type Message, toMatcher } from '@tidings/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { collect, createRecordingSink, eventOf } from '../../src/contract/fixture.ts';
import type { Broker, HistoryPage, Range, Selection } from '../../src/port.ts';
import { createNatsFixture, type NatsFixture } from '../nats-fixture.ts';

let fixture: NatsFixture;
let broker: Broker;
/** What the log should hold: a plain list. */
let model: Entry[];

interface Entry {
  readonly seq: number;
  readonly tenant: string;
  readonly topic: string;
  readonly text: string;
}

beforeAll(async () => {
  fixture = await createNatsFixture();
});
afterAll(() => fixture?.remove());
beforeEach(async () => {
  await fixture.deleteStream();
  model = [];
  broker = fixture.create('hub', { maxBytes: 512_000_000 });
  await broker.open();
  const opened = broker;
  onTestFinished(() => opened.close());
  await broker.openFeed(createRecordingSink());
});

const soon = (): AbortSignal => AbortSignal.timeout(15_000);

/** Stores events, many at a time, and writes them down. Resolves with the head once all were fed. */
async function fill(events: readonly (readonly [topic: string, text?: string, tenant?: string])[]): Promise<number> {
  for (let at = 0; at < events.length; at += 500) {
    const some = events.slice(at, at + 500);
    const entries = await Promise.all(
      some.map(async ([topic, text = topic, tenant = 'default']) => {
        const { seq } = await broker.publish(eventOf(topic, text, { tenant }));
        return { seq, tenant, topic, text };
      }),
    );
    model.push(...entries);
  }
  model.sort((one, other) => one.seq - other.seq);
  return fed();
}

async function fed(): Promise<number> {
  const { last } = await broker.bounds();
  await vi.waitFor(() => expect(broker.position()).toBe(last), { timeout: 10_000, interval: 5 });
  return last;
}

/** Erases a topic from the stream behind everybody's back: what eviction and ttl do too. */
async function drop(subject: string, before?: number): Promise<void> {
  const body = before === undefined ? { filter: subject } : { filter: subject, seq: before };
  expect((await fixture.api('STREAM.PURGE.EVT_0', body)).success).toBe(true);
  model = model.filter(
    ({ tenant, topic, seq }) => `evt.0.${tenant}.${topic}` !== subject || (before !== undefined && seq >= before),
  );
}

const of = (...patterns: string[]): Selection => ({ tenant: 'default', patterns });
const seqs = (entries: readonly { readonly seq: number }[]): number[] => entries.map(({ seq }) => seq);

function matching({ tenant, patterns }: Selection, { after, upTo }: Range): Entry[] {
  const matches = toMatcher(patterns);
  return model.filter(
    (entry) => entry.tenant === tenant && entry.seq > after && entry.seq <= upTo && matches(entry.topic),
  );
}

function newest(selection: Selection, range: Range): Entry[] {
  const byTopic = new Map(matching(selection, range).map((entry) => [entry.topic, entry]));
  return [...byTopic.values()].sort((one, other) => one.seq - other.seq);
}

/** What a page says to be done is done: nothing up to there comes later, and nothing beyond the range is claimed. */
async function* kept(pages: AsyncIterable<HistoryPage>, { after, upTo }: Range): AsyncGenerator<HistoryPage> {
  let done = after;
  for await (const page of pages) {
    for (const { seq } of page.messages) expect(seq).toBeGreaterThan(done);
    expect(page.through).toBeLessThanOrEqual(upTo);
    done = page.through;
    yield page;
  }
  expect(done).toBe(upTo);
}

const history = (selection: Selection, range: Range): Promise<Message[]> =>
  collect(kept(broker.history(selection, range, soon()), range));
const latest = (selection: Selection, range: Range): Promise<Message[]> =>
  collect(kept(broker.latest(selection, range, soon()), range));

async function agrees(selection: Selection, range: Range): Promise<void> {
  const hint = JSON.stringify({ selection, range });
  expect(seqs(await history(selection, range)), `history ${hint}`).toEqual(seqs(matching(selection, range)));
  expect(seqs(await latest(selection, range)), `latest ${hint}`).toEqual(seqs(newest(selection, range)));
}

async function startAgrees(selection: Selection, count: number, upTo: number): Promise<void> {
  const last = matching(selection, { after: 0, upTo }).slice(-count);
  const wanted = last[0] === undefined ? upTo : last[0].seq - 1;
  expect(await broker.startOf(selection, { count }, upTo, soon()), JSON.stringify({ selection, count, upTo })).toBe(
    wanted,
  );
}

/** Random numbers that are the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}

describe('reading the log back', () => {
  it.each([1, 2])(
    'agrees with a plain list, whatever is asked for, over holes, dense and sparse: seed %i',
    async (seed) => {
      const random = seeded(seed);
      const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)] as Item;
      const busy = ['b.0', 'b.1', 'b.2'];
      const quiet = Array.from({ length: 90 }, (_, at) => `q.${at % 9}.${at}`);
      const events = Array.from({ length: 3_000 }, (): [string, string, string] => [
        random(10) < 8 ? pick(busy) : pick(quiet),
        `${random(1e6)}`,
        random(10) < 8 ? 'default' : 'acme',
      ]);
      const head = await fill(events);
      for (let times = 0; times < 12; times += 1) await drop(`evt.0.default.${pick(quiet)}`);
      await drop('evt.0.default.b.1', 900 + random(600));
      await drop('evt.0.default.b.0', 200 + random(300));
      const patterns = ['b.0', 'b.1', 'b.*', '>', 'q.>', 'q.3.*', 'q.*.40', '*.*', 'none', ...quiet.slice(0, 20)];
      for (let times = 0; times < 14; times += 1) {
        const chosen = Array.from({ length: 1 + random(4) }, () => pick(patterns));
        const after = random(head);
        const range = random(4) === 0 ? { after: 0, upTo: head } : { after, upTo: after + random(head - after + 1) };
        const selection = { tenant: pick(['default', 'default', 'acme']), patterns: chosen };
        await agrees(selection, range);
        await startAgrees(selection, 1 + random(30), range.upTo);
      }
    },
  );

  it('is complete over more than 1,024 topics, and for some of them', async () => {
    const topics = Array.from({ length: 1_300 }, (_, at) => `g${at % 13}.t${at}`);
    const middle = await fill(topics.map((topic) => [topic, 'first']));
    const head = await fill(topics.filter((_, at) => at % 3 === 0).map((topic) => [topic, 'second']));
    // All; half of them, so that most have nothing newer; up to the middle, so that a third has something beyond it.
    for (const range of [
      { after: 0, upTo: head },
      { after: 700, upTo: head },
      { after: 0, upTo: middle },
      { after: 650, upTo: middle + 100 },
      { after: head - 1, upTo: head },
    ]) {
      await agrees(of('>'), range);
      // A hundred topics: too many to read each on its own.
      await agrees(of('g4.*'), range);
    }
    await agrees(of(...topics.slice(0, 100)), { after: 0, upTo: head });
    await startAgrees(of('>'), 1_100, head);
  });

  it('merges sparse topics by place, though some have far more than one reply holds', async () => {
    const events: [string, string][] = [];
    for (let at = 0; at < 4_000; at += 1) {
      // A run without a gap, so that a reply ends right before the next of the same topic.
      if (at % 4 === 0 || at < 600) events.push(['one', `${at}`]);
      else if (at % 97 === 0) events.push([`few.${at % 5}`, `${at}`]);
      else events.push([`noise.${at % 200}`, '-']);
    }
    const head = await fill(events);
    await agrees(of('one', 'few.*'), { after: 0, upTo: head });
    await agrees(of('one'), { after: 17, upTo: head - 17 });
    await agrees(of('few.1', 'none', 'few.3'), { after: 0, upTo: head });
  });

  it('yields pages of about a megabyte, however large the events are', async () => {
    const text = 'x'.repeat(300_000);
    const head = await fill(Array.from({ length: 40 }, (_, at) => [`t${at}`, text]));
    async function pagesOf(pages: AsyncIterable<HistoryPage>): Promise<number> {
      let count = 0;
      for await (const { messages } of pages) {
        count += messages.length;
        const bytes = messages.reduce((sum, { data }) => sum + data.length, 0);
        expect(bytes).toBeLessThanOrEqual(1_048_576 + 300_000);
      }
      return count;
    }
    const range = { after: 0, upTo: head };
    expect(await pagesOf(broker.history(of('>'), range, soon()))).toBe(40);
    expect(await pagesOf(broker.history(of('t1', 't2', 't30'), range, soon()))).toBe(3);
  });

  it('yields the newest of each topic in pages of about a megabyte, however large they are', async () => {
    const text = 'x'.repeat(300_000);
    const head = await fill(Array.from({ length: 40 }, (_, at) => [`t${at}`, text]));
    let count = 0;
    for await (const { messages } of broker.latest(of('>'), { after: 0, upTo: head }, soon())) {
      count += messages.length;
      expect(messages.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(1_048_576 + 300_000);
    }
    expect(count).toBe(40);
  });

  it('is complete where one sparse topic fills many pages', async () => {
    const text = 'x'.repeat(400_000);
    const events: [string, string][] = [];
    for (let at = 0; at < 10; at += 1) {
      events.push([`big.${at % 2}`, text], ...Array.from({ length: 130 }, (): [string, string] => ['noise', '-']));
    }
    const head = await fill(events);
    await agrees(of('big.*'), { after: 0, upTo: head });
    await agrees(of('big.0'), { after: 5, upTo: head - 200 });
  });

  it('needs nobody to read on: a page at a time, as slowly as the reader likes', async () => {
    const head = await fill(Array.from({ length: 700 }, (_, at) => [`t${at % 3}`, 'x'.repeat(2_000)]));
    const pages = broker.history(of('>'), { after: 0, upTo: head }, soon());
    const found: number[] = [];
    for await (const page of pages) {
      found.push(...seqs(page.messages));
      // Meanwhile the log goes on, and what is read does not.
      await fill([['t0', 'new']]);
    }
    expect(found).toEqual(Array.from({ length: head }, (_, at) => at + 1));
  });

  it('begins and ends in holes', async () => {
    await fill(Array.from({ length: 60 }, (_, at) => [at % 20 < 10 ? 'gone' : `kept.${at % 2}`]));
    await drop('evt.0.default.gone');
    for (const [after, upTo] of [
      [0, 60],
      [3, 57],
      [22, 28],
      [25, 45],
      [9, 10],
      [0, 5],
      [40, 50],
    ] as const) {
      await agrees(of('>'), { after, upTo });
      await agrees(of('kept.0', 'gone'), { after, upTo });
      await agrees(of('gone'), { after, upTo });
    }
  });

  it('answers at once for a range of nothing', async () => {
    const head = await fill([['a'], ['a']]);
    expect(await history(of('>'), { after: head, upTo: head })).toEqual([]);
    expect(await latest(of('>'), { after: head, upTo: head })).toEqual([]);
    await startAgrees(of('>'), 5, head);
  });

  it('answers of an empty log', async () => {
    expect(broker.position()).toBe(0);
    expect(await history(of('>'), { after: 0, upTo: 0 })).toEqual([]);
    expect(await latest(of('a', 'b.*'), { after: 0, upTo: 0 })).toEqual([]);
    expect(await broker.startOf(of('>'), { count: 3 }, 0, soon())).toBe(0);
    expect(await broker.startOf(of('>'), { sinceMs: Date.now() - 60_000 }, 0, soon())).toBe(0);
    expect(await broker.startOf(of('>'), { sinceMs: 0 }, 0, soon())).toBe(0);
    expect(await broker.bounds()).toEqual({ first: 1, last: 0 });
  });

  it('answers of a log of which everything was erased', async () => {
    const head = await fill(Array.from({ length: 30 }, (_, at) => [`t${at % 4}`]));
    await fixture.api('STREAM.PURGE.EVT_0');
    model = [];
    expect(await broker.bounds()).toEqual({ first: head + 1, last: head });
    for (const patterns of [['>'], ['t1'], ['none']]) await agrees(of(...patterns), { after: 0, upTo: head });
    await startAgrees(of('>'), 5, head);
    expect(await broker.startOf(of('>'), { sinceMs: 1 }, head, soon())).toBe(head);
    const later = await fill([['t1', 'new']]);
    await agrees(of('t1'), { after: 0, upTo: later });
  });

  it.each([
    ['erased', async () => drop('evt.0.default.tail')],
    [
      'past its ttl',
      async () => {
        const left = async (): Promise<unknown> =>
          ((await fixture.api('STREAM.INFO.EVT_0')).state as { messages: number }).messages;
        await vi.waitFor(async () => expect(await left()).toBe(10), { timeout: 8_000, interval: 50 });
        model = model.filter(({ topic }) => topic !== 'tail');
      },
    ],
  ])(
    'answers soon where the end of the log was %s, whatever is asked for',
    async (_, vanish) => {
      await fill(Array.from({ length: 10 }, (_, at) => [`t${at}`]));
      for (let at = 0; at < 3; at += 1) await broker.publish(eventOf('tail', '-', { ttlSec: 1 }));
      const head = await fed();
      await vanish();
      const begunMs = performance.now();
      // What begins behind the last event that is kept, too: there is no message left that could show a fresh replica.
      for (const after of [0, 5, 10, 11, 12]) {
        for (const patterns of [['none'], ['t3', 't9'], ['tail'], ['>']]) {
          await agrees(of(...patterns), { after, upTo: head });
        }
      }
      await startAgrees(of('t3'), 2, head);
      expect(performance.now() - begunMs).toBeLessThan(30_000);
    },
    60_000,
  );

  it('tells the newest up to the range, though each topic has newer ones beyond it', async () => {
    const topics = Array.from({ length: 70 }, (_, at) => `t${at}`);
    for (let round = 0; round < 3; round += 1) await fill(topics.map((topic) => [topic, `${round}`]));
    // A topic with many beyond the range, more than one reply holds, and one whose older ones were erased.
    const head = await fill(Array.from({ length: 150 }, () => ['t0', 'new']));
    await drop('evt.0.default.t1', 141);
    for (const upTo of [69, 70, 71, 139, 140, 141, 200, 210, 260]) {
      await agrees(of('>'), { after: 0, upTo });
      await agrees(of('t0', 't1', 't2'), { after: 0, upTo });
      await agrees(of('t5'), { after: 75, upTo: Math.max(75, upTo) });
    }
    expect(head).toBe(360);
  });

  it('finds the last events of a quiet topic over several reaches, and of a busy one in the first', async () => {
    const events: [string, string][] = Array.from({ length: 9_500 }, (_, at) => [`noise.${at % 50}`, '-']);
    for (const at of [5, 1_500, 2_500, 8_000, 9_490]) events[at] = ['rare', `${at}`];
    const head = await fill(events);
    for (const count of [1, 2, 3, 4, 5, 6, 1_000]) await startAgrees(of('rare'), count, head);
    for (const count of [1, 189, 190, 5_000]) await startAgrees(of('noise.7'), count, head);
    await startAgrees(of('rare'), 2, 8_000);
    await startAgrees(of('rare', 'noise.1'), 60, head - 40);
    await startAgrees(of('none'), 3, head);
  });

  it('finds an event at the very place where a reach begins, and at the first place of the log', async () => {
    await fill([['rare'], ...Array.from({ length: 1_200 }, (): [string] => ['noise'])]);
    for (const upTo of [999, 1_000, 1_001, 1_002, 1_201]) await startAgrees(of('rare'), 1, upTo);
  });

  it('finds the place of a time, and the end where nothing is so late', async () => {
    const head = await fill(Array.from({ length: 40 }, (_, at) => [`t${at % 4}`]));
    const all = await history(of('>'), { after: 0, upTo: head });
    for (const at of [0, 1, 17, 39]) {
      const sinceMs = (all[at] as Message).timeMs;
      for (const topic of ['t0', 't3', '>', 'none']) {
        const wanted = matching(of(topic), { after: 0, upTo: head }).find(
          ({ seq }) => ((all[seq - 1] as Message).timeMs ?? 0) >= sinceMs,
        );
        const found = await broker.startOf(of(topic), { sinceMs }, head, soon());
        expect(found).toBe(wanted === undefined ? head : wanted.seq - 1);
      }
    }
    expect(await broker.startOf(of('>'), { sinceMs: 0 }, head, soon())).toBe(0);
    expect(await broker.startOf(of('>'), { sinceMs: -5 }, head, soon())).toBe(0);
    expect(await broker.startOf(of('>'), { sinceMs: Date.now() + 60_000 }, head, soon())).toBe(head);
    expect(await broker.startOf(of('>'), { sinceMs: 1 }, 10, soon())).toBe(0);
  });

  it('ends with the reason of an abort, wherever it is', async () => {
    const head = await fill(Array.from({ length: 2_000 }, (_, at) => [`t${at % 300}`, 'x'.repeat(1_000)]));
    const reads: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => collect(broker.history(of('>'), { after: 0, upTo: head }, signal)),
      (signal) => collect(broker.history(of('t1', 't2'), { after: 0, upTo: head }, signal)),
      (signal) => collect(broker.latest(of('>'), { after: 0, upTo: head }, signal)),
      (signal) => broker.startOf(of('>'), { count: 1_999 }, head, signal),
      (signal) => broker.startOf(of('>'), { sinceMs: 1 }, head, signal),
    ];
    for (const read of reads) {
      for (const turns of [0, 1, 3]) {
        const reason = new Error('enough');
        const controller = new AbortController();
        const ended = read(controller.signal).then(
          () => 'complete',
          (error: unknown) => error,
        );
        for (let each = 0; each < turns; each += 1) await new Promise((resolve) => setImmediate(resolve));
        controller.abort(reason);
        const outcome = await ended;
        if (turns === 0) expect(outcome).toBe(reason);
        else expect([reason, 'complete']).toContain(outcome);
      }
    }
  });
});
