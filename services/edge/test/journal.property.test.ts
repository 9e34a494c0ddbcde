import { type Explanation, encodeCursor } from '@tidings/protocol';
import type { StreamClient } from '@tidings/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { send } from './control-fixture.ts';
import { eventually } from './eventually.ts';
import { startEdge, type TestEdge } from './fixture.ts';

const TOPICS = ['a', 'b', 'c'] as const;
type Topic = (typeof TOPICS)[number];
type Replay = 'none' | 'all' | 'last';

type Step =
  | { readonly does: 'publish'; readonly topic: Topic; readonly count: number; readonly excludes: boolean }
  | {
      readonly does: 'open';
      readonly topics: readonly Topic[];
      readonly from: 'now' | 'cursor' | 'all' | 'last';
      readonly lag: 'resume' | 'latest';
    }
  | { readonly does: 'add'; readonly topic: Topic; readonly replay: Replay; readonly meanwhile: number }
  | { readonly does: 'remove'; readonly topic: Topic; readonly meanwhile: number }
  | { readonly does: 'kick' | 'cut' | 'pause' | 'resume' };

const topic = fc.constantFrom(...TOPICS);
const meanwhile = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('publish' as const),
      topic,
      count: fc.integer({ min: 1, max: 15 }),
      excludes: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('open' as const),
      topics: fc.uniqueArray(topic, { minLength: 1, maxLength: 2 }),
      from: fc.constantFrom('now' as const, 'cursor' as const, 'all' as const, 'last' as const),
      lag: fc.constantFrom('resume' as const, 'latest' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('add' as const),
      topic,
      replay: fc.constantFrom<Replay>('none', 'all', 'last'),
      meanwhile,
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('remove' as const), topic, meanwhile }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('kick', 'cut', 'pause', 'resume') }) },
);

/** A stream, and whether its client reads it to its end. */
interface Opened {
  readonly client: StreamClient;
  readonly id: string;
  isCut: boolean;
}

/** A user whose streams come and go, and what they were sent. */
class User {
  readonly #edge: TestEdge;
  readonly #token: string;
  readonly #name: string;
  readonly #opened: Opened[] = [];
  /** Cursors of the events, by their payload. */
  readonly events = new Map<string, string>();
  #isOpen = false;

  constructor(edge: TestEdge, token: string, name: string) {
    this.#edge = edge;
    this.#token = token;
    this.#name = name;
  }

  get #last(): Opened | undefined {
    return this.#isOpen ? this.#opened.at(-1) : undefined;
  }

  async #publish(topic: Topic, exclude = ''): Promise<void> {
    const data = `${topic} ${this.events.size} ${'x'.repeat(300)}`;
    const { epoch, seq } = await this.#edge.publish(`${this.#name}.${topic}`, data, { exclude });
    this.events.set(data, encodeCursor(epoch, seq));
    await new Promise((resolve) => setImmediate(resolve));
  }

  async do(step: Step): Promise<void> {
    if (step.does === 'publish') {
      const exclude = step.excludes ? (this.#last?.id ?? '') : '';
      for (let each = 0; each < step.count; each += 1) await this.#publish(step.topic, exclude);
    }
    if (step.does === 'open') await this.#open(step);
    if (this.#last === undefined) return;
    const { client, id } = this.#last;
    const topic = 'topic' in step ? `${this.#name}.${step.topic}` : '';
    if (step.does === 'add') await this.#change(id, { add: [{ topic, replay: step.replay }] }, step.meanwhile);
    if (step.does === 'remove') await this.#change(id, { remove: [topic] }, step.meanwhile);
    if (step.does === 'pause') client.pause();
    if (step.does === 'resume') client.resume();
    if (step.does === 'kick' || step.does === 'cut') await this.#end(step.does);
  }

  async #open({ topics, from, lag }: Step & { does: 'open' }): Promise<void> {
    const cursor = this.#opened.at(-1)?.client.lastEventId ?? '';
    const query = new URLSearchParams(topics.map((each) => ['topic', `${this.#name}.${each}`]));
    query.set('lag', lag);
    if (from === 'all' || from === 'last') query.set('replay', from);
    const resumes = from === 'cursor' && cursor !== '';
    const headers = { authorization: `Bearer ${this.#token}`, ...(resumes && { 'last-event-id': cursor }) };
    const client = await this.#edge.stream(`${query}`, { headers });
    this.#opened.push({ client, id: `${client.headers['tidings-session']}`, isCut: false });
    this.#isOpen = true;
  }

  async #change(id: string, body: object, publishes: number): Promise<void> {
    const changing = send(this.#edge, 'PATCH', `/v1/sessions/${id}`, this.#token, body);
    for (let each = 0; each < publishes; each += 1) await this.#publish(TOPICS[each % TOPICS.length] as Topic);
    await changing;
  }

  async #end(how: 'kick' | 'cut'): Promise<void> {
    const last = this.#last as Opened;
    this.#isOpen = false;
    if (how === 'kick') {
      last.client.resume();
      await send(this.#edge, 'DELETE', `/v1/sessions/${last.id}`, this.#token);
      await last.client.end();
    } else {
      last.isCut = true;
      last.client.destroy();
    }
  }

  /** Every stream was read as far as it goes. */
  async settle(): Promise<void> {
    for (const { client } of this.#opened) client.resume();
    await eventually(async () => {
      const { body } = await send(this.#edge, 'GET', '/v1/sessions', this.#token);
      return body.sessions.every(({ lag }: { lag: number }) => lag === 0);
    });
    for (const { client, id, isCut } of this.#opened) {
      if (isCut || client.ended) continue;
      await send(this.#edge, 'DELETE', `/v1/sessions/${id}`, this.#token);
      await client.end();
    }
  }

  /** @returns how many answers there were, and how many of them were sure. */
  async check(admin: string): Promise<{ all: number; sure: number }> {
    const count = { all: 0, sure: 0 };
    for (const [data, cursor] of this.events) {
      const { body } = await send(this.#edge, 'GET', `/v1/explain?user=${this.#name}&event=${cursor}`, admin);
      const { sessions, delivered } = body as Explanation;
      expect(sessions.map(({ id }) => id).sort()).toEqual(this.#opened.map(({ id }) => id).sort());
      for (const { id, written, why, acknowledged } of sessions) {
        const { client, isCut } = this.#opened.find((each) => each.id === id) as Opened;
        const came = client.events.some((each) => each.data === data);
        count.all += 1;
        if (written !== 'unknown') count.sure += 1;
        const what = `${data.slice(0, 5)} at ${cursor}: ${written} ${why}`;
        if (written === 'no') expect(came, what).toBe(false);
        if (acknowledged === 'yes') expect(came, what).toBe(true);
        // What was on its way when its client cut the connection did not come.
        if (written === 'yes' && !isCut) expect(came, what).toBe(true);
      }
      if (delivered === 'no') expect(this.#opened.some(({ client }) => client.text.includes(data))).toBe(false);
    }
    return count;
  }
}

describe('what the journal says of streams that come, change, lag and go', () => {
  it.each([
    ['are fed from the ring', 64 * 1_048_576, 'all'],
    ['are fed from history', 5_000, 'all'],
    ['have fed to the edge what they follow', 64 * 1_048_576, 'interest'],
  ] as const)('is true where they %s', async (_what, ringMaxBytes, feed) => {
    const edge = await startEdge({ feed, settings: { ringMaxBytes, lagMaxBytes: 4_096 } });
    const admin = await edge.token({ admin: true, subscribe: [] }, { sub: 'root' });
    let runs = 0;
    let [all, sure] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
        runs += 1;
        const name = `run${runs}`;
        const user = new User(edge, await edge.token({ subscribe: ['>'] }, { sub: name }), name);
        for (const each of steps) await user.do(each);
        await user.settle();
        const count = await user.check(admin);
        all += count.all;
        sure += count.sure;
      }),
      { numRuns: 6, endOnFailure: true },
    );
    // A journal that says nothing would be true as well.
    expect(sure / all).toBeGreaterThan(0.5);
  });
});
