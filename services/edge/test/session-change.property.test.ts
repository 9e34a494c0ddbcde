import { type DecodedEvent, toMatcher } from '@tidings/protocol';
import type { StreamClient } from '@tidings/runtime/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { send } from './control-fixture.ts';
import { startEdge, type TestEdge } from './fixture.ts';
import { placeOf } from './received.ts';

const TOPICS = ['a', 'b', 'c'] as const;
type Topic = (typeof TOPICS)[number];
type Replay = 'none' | 'all' | 'last' | '3';

/** What is done, in its order; a change races with as many publishes as it says. */
type Step =
  | { readonly does: 'publish'; readonly topic: Topic; readonly count: number }
  | { readonly does: 'add'; readonly topic: Topic; readonly replay: Replay; readonly meanwhile: number }
  | { readonly does: 'add pattern' | 'remove pattern'; readonly meanwhile: number }
  | { readonly does: 'remove'; readonly topic: Topic; readonly meanwhile: number }
  | { readonly does: 'pause' | 'resume' | 'cut' };

const UNTIL_MS = 5_000;
const topic = fc.constantFrom(...TOPICS);
const meanwhile = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('publish' as const), topic, count: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('add' as const),
      topic,
      replay: fc.constantFrom<Replay>('none', 'all', 'last', '3'),
      meanwhile,
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), topic, meanwhile }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constantFrom('add pattern' as const, 'remove pattern' as const), meanwhile }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('pause' as const, 'resume' as const, 'cut' as const) }) },
);

/** Since when a topic is followed: nothing that is published after may be missing. */
interface Since {
  /** Number of the event that must be the first, or come after the first. */
  readonly latestFirst: number;
  /** The first can't be earlier, where what is replayed says so; 0 where it is not said. */
  readonly earliestFirst: number;
}

/** One client, the topics that it wants, and what it was sent, over all its connections. */
class Follower {
  readonly #edge: TestEdge;
  readonly #token: string;
  readonly #name: string;
  readonly #counts = new Map<Topic, number>(TOPICS.map((each) => [each, 0]));
  /** What came before the last cut: whatever is read of that connection afterwards, its client does not know. */
  readonly #past: DecodedEvent[] = [];
  readonly #since = new Map<Topic, Since[]>(TOPICS.map((each) => [each, []]));
  #wanted: string[];
  #paused = false;
  #open: StreamClient | undefined = undefined;

  constructor(edge: TestEdge, token: string, name: string) {
    this.#edge = edge;
    this.#token = token;
    this.#name = name;
    this.#wanted = [`${name}.home`];
  }

  get #client(): StreamClient {
    return this.#open as StreamClient;
  }

  #countOf(topic: Topic): number {
    return this.#counts.get(topic) as number;
  }

  #follows(topic: Topic, topics: readonly string[] = this.#wanted): boolean {
    return toMatcher(topics)(`${this.#name}.${topic}`);
  }

  async open(cursor = ''): Promise<void> {
    const topics = this.#wanted.map((each) => `topic=${encodeURIComponent(each)}`).join('&');
    const headers = { authorization: `Bearer ${this.#token}`, ...(cursor !== '' && { 'last-event-id': cursor }) };
    this.#open = await this.#edge.stream(topics, { headers });
    this.#paused = false;
    await this.#client.event('hub.live');
  }

  async #publish(topic: Topic): Promise<void> {
    const number = this.#countOf(topic) + 1;
    this.#counts.set(topic, number);
    await this.#edge.publish(`${this.#name}.${topic}`, `${topic} ${number} ${'x'.repeat(300)}`);
  }

  async #change(body: object, wanted: string[], publishes: number): Promise<boolean> {
    const id = this.#client.headers['tidings-session'];
    const changing = send(this.#edge, 'PATCH', `/v1/sessions/${id}`, this.#token, body);
    for (let each = 0; each < publishes; each += 1) {
      await this.#publish(TOPICS[each % TOPICS.length] as Topic);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { status } = await changing;
    if (status !== 200) return false;
    this.#wanted = wanted;
    return true;
  }

  async do(step: Step): Promise<void> {
    if (step.does === 'publish') for (let each = 0; each < step.count; each += 1) await this.#publish(step.topic);
    if (step.does === 'pause' && !this.#paused) this.#client.pause();
    if (step.does === 'resume') this.#client.resume();
    if (step.does === 'pause' || step.does === 'resume') this.#paused = step.does === 'pause';
    if (step.does === 'cut') await this.#cut();
    if (step.does === 'add') await this.#add(step.topic, step.replay, step.meanwhile);
    if (step.does === 'remove') await this.#remove(`${this.#name}.${step.topic}`, step.meanwhile);
    if (step.does === 'remove pattern') await this.#remove(`${this.#name}.*`, step.meanwhile);
    if (step.does === 'add pattern') await this.#addPattern(step.meanwhile);
  }

  async #cut(): Promise<void> {
    const cursor = this.#client.lastEventId;
    this.#past.push(...this.#client.events);
    this.#client.destroy();
    await this.#publish('a');
    await this.open(cursor);
  }

  async #add(topic: Topic, asked: Replay, publishes: number): Promise<void> {
    // Who reads nothing can't be sent what is replayed, and who follows the topic asked for it twice.
    const replay = this.#paused || this.#follows(topic) ? 'none' : asked;
    const name = `${this.#name}.${topic}`;
    const before = this.#countOf(topic);
    const isNew = !this.#follows(topic);
    const seen = this.#client.events.length;
    const wanted = [...new Set([...this.#wanted, name])];
    if (!(await this.#change({ add: [{ topic: name, replay }] }, wanted, publishes)) || !isNew) return;
    const after = this.#countOf(topic);
    const firsts = { none: after + 1, all: 1, last: Math.max(1, after), 3: Math.max(1, after - 2) };
    const earliest = { none: 0, all: 1, last: Math.max(1, before), 3: Math.max(1, before - 2) };
    this.#since.get(topic)?.push({ latestFirst: firsts[replay], earliestFirst: earliest[replay] });
    // A client that is cut before it is told that all was sent has to ask again.
    const told = (): boolean =>
      this.#client.events.slice(seen).some(({ event, data }) => event === 'hub.topics' && data.includes(`"${name}"`));
    if (replay !== 'none') await this.#client.until(told, UNTIL_MS);
  }

  async #addPattern(publishes: number): Promise<void> {
    const fresh = TOPICS.filter((each) => !this.#follows(each));
    const pattern = `${this.#name}.*`;
    if (!(await this.#change({ add: [pattern] }, [...new Set([...this.#wanted, pattern])], publishes))) return;
    for (const each of fresh) this.#since.get(each)?.push({ latestFirst: this.#countOf(each) + 1, earliestFirst: 0 });
  }

  async #remove(topicOrPattern: string, publishes: number): Promise<void> {
    const wanted = this.#wanted.filter((each) => each !== topicOrPattern);
    await this.#change({ remove: [topicOrPattern] }, wanted, publishes);
  }

  /** Everything has come, and it is what the model says. */
  async check(): Promise<void> {
    this.#client.resume();
    await this.#edge.publish(`${this.#name}.home`, 'the end 0');
    await this.#client.until(() => this.#client.published().some(({ data }) => data === 'the end 0'), UNTIL_MS);
    const runs = new Map<Topic, number[][]>(TOPICS.map((each) => [each, []]));
    // What is replayed of a topic that is about to be followed.
    let replayed: [Topic, number][] = [];
    let topics: string[] = [];
    let place = 0;
    for (const event of [...this.#past, ...this.#client.events]) {
      expect(placeOf(event.lastEventId), 'the cursor went back').toBeGreaterThanOrEqual(place);
      place = placeOf(event.lastEventId);
      if (event.event === 'hub.hello' || event.event === 'hub.topics') {
        const now: string[] = JSON.parse(event.data).topics;
        for (const each of TOPICS)
          if (this.#follows(each, now) && !this.#follows(each, topics)) runs.get(each)?.push([]);
        topics = now;
        for (const [name, number] of replayed) {
          expect(this.#follows(name, topics), `${name} came, which is not followed`).toBe(true);
          runs.get(name)?.at(-1)?.push(number);
        }
        replayed = [];
      }
      const [name = '', number] = event.data.split(' ');
      if (!TOPICS.includes(name as Topic)) continue;
      if (this.#follows(name as Topic, topics))
        runs
          .get(name as Topic)
          ?.at(-1)
          ?.push(Number(number));
      else replayed.push([name as Topic, Number(number)]);
    }
    expect(replayed, 'what came without being followed').toEqual([]);
    for (const each of TOPICS) this.#checkRuns(each, runs.get(each) ?? []);
  }

  #checkRuns(topic: Topic, runs: readonly number[][]): void {
    for (const run of runs) {
      const [first = 0] = run;
      expect(run, `${topic} came once and in order`).toEqual(run.map((_, place) => first + place));
    }
    const since = this.#since.get(topic) ?? [];
    const count = this.#countOf(topic);
    // A client that was cut before it was told of a change sees it in its next hello, as one: then runs are fewer.
    if (runs.length === since.length) {
      runs.forEach((run, place) => {
        const { latestFirst, earliestFirst } = since[place] as Since;
        const isLast = place === runs.length - 1 && this.#follows(topic);
        if (run[0] !== undefined) expect(run[0], `${topic} began late`).toBeLessThanOrEqual(latestFirst);
        if (run[0] !== undefined) expect(run[0], `${topic} began early`).toBeGreaterThanOrEqual(earliestFirst);
        if (isLast && count >= latestFirst) expect(run.at(-1), `${topic} was followed to its end`).toBe(count);
      });
    }
  }
}

describe('a stream whose topics change all the time', () => {
  it.each([
    ['that is fed from the ring', 64 * 1_048_576, 'all'],
    ['whose ring holds next to nothing', 5_000, 'all'],
    ['that is fed from the ring, which has only what was followed', 64 * 1_048_576, 'interest'],
  ] as const)(
    '%s is sent each event of a followed topic once and in order, and nothing else',
    async (_what, ringMaxBytes, feed) => {
      const edge = await startEdge({ feed, settings: { ringMaxBytes, lagMaxBytes: 4_096 } });
      const token = await edge.token();
      let runs = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
          runs += 1;
          const follower = new Follower(edge, token, `run${runs}`);
          await follower.open();
          for (const each of steps) await follower.do(each);
          await follower.check();
        }),
        { numRuns: 15, endOnFailure: true },
      );
    },
  );
});
