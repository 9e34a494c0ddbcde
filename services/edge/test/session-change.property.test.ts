import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DecodedEvent } from '@tidings/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type BareEdge, type BareStream, createBareEdge } from './bare-edge.ts';
import { placeOf } from './fixture.ts';

const TOPICS = ['a', 'b', 'c'] as const;
type Topic = (typeof TOPICS)[number];

/** What a topic that is followed must bring next: its count, or where unknown what the first of it may be. */
interface Followed {
  next: number | undefined;
  /** Its past is, or was last, being replayed: a cut, or a gap, may end that. */
  replayed: boolean;
  readonly replay: string;
}

/** A client that changes, pauses, is cut and resumes, and believes nothing that it is sent. */
class Subscriber {
  readonly #edge: BareEdge;
  /** The place of each event, by topic. */
  readonly #places: Readonly<Record<Topic, readonly number[]>>;
  #stream: BareStream;
  #followed = new Map<string, Followed>();
  #replays = new Map<string, string>();
  /** The last of each topic that came at all. */
  #seen = new Map<string, number>();
  #place = 0;
  #wanted: readonly string[] = ['a'];
  #changing: Promise<void> | undefined;
  faults: string[] = [];

  constructor(edge: BareEdge, places: Readonly<Record<Topic, readonly number[]>>) {
    this.#edge = edge;
    this.#places = places;
    this.#stream = this.#open(undefined);
  }

  #open(cursor: string | undefined): BareStream {
    return this.#edge.open(this.#wanted, cursor, (event) => this.#take(event));
  }

  #nextAfter(topic: string, place: number): number {
    const places = this.#places[topic as Topic];
    const next = places.findIndex((each) => each > place);
    return next === -1 ? places.length : next;
  }

  #take({ event, data, lastEventId }: DecodedEvent): void {
    const place = placeOf(lastEventId);
    if (place < this.#place) this.faults.push(`the id went back from ${this.#place} to ${place} with ${event}`);
    this.#place = Math.max(this.#place, place);
    if (event === 'hub.topics') this.#follow(JSON.parse(data).topics, (topic) => this.#replays.get(topic) ?? 'none');
    else if (event === 'hub.hello') this.#greet(JSON.parse(data).topics, place);
    else if (event === 'hub.gap') this.#skip(placeOf(JSON.parse(data).to));
    else if (!event.startsWith('hub.')) this.#count(data, place);
  }

  #follow(topics: readonly string[], replayOf: (topic: string) => string): void {
    const known = this.#followed;
    const fresh = (topic: string): Followed => {
      const replay = replayOf(topic);
      return { next: undefined, replayed: replay !== 'none', replay };
    };
    this.#followed = new Map(topics.map((topic) => [topic, known.get(topic) ?? fresh(topic)]));
  }

  #greet(topics: readonly string[], place: number): void {
    this.#follow(topics, () => 'none');
    this.#skip(place, true);
  }

  // Whatever lies up to there is done; only of a replay anything may have been left out.
  #skip(place: number, isResume = false): void {
    for (const [topic, { next, replayed }] of this.#followed) {
      const now = this.#nextAfter(topic, place);
      if (isResume && next !== undefined && now !== next && !(replayed && now > next)) {
        this.faults.push(`resumed at ${topic} ${now} where ${next} was next`);
      }
      this.#followed.set(topic, { next: now, replayed: false, replay: 'none' });
    }
  }

  #count(data: string, place: number): void {
    const [topic = '', text] = data.split(' ');
    const count = Number(text);
    const followed = this.#followed.get(topic);
    if (followed === undefined) return void this.faults.push(`${data.slice(0, 9)} is not followed`);
    const { next, replay } = followed;
    const seen = this.#seen.get(topic) ?? -1;
    // What is replayed may be what was seen, in a life of the topic before this.
    const least = replay === 'none' ? seen + 1 : 0;
    const isRight = next === undefined ? (replay === 'all' ? count === 0 : count >= least) : count === next;
    if (!isRight) this.faults.push(`${topic} ${count} where ${next ?? replay} was next`);
    followed.next = count + 1;
    const own = this.#places[topic as Topic][count] ?? place;
    followed.replayed = own !== place;
    if (!followed.replayed && own <= 0) this.faults.push('no place');
    this.#seen.set(topic, count);
  }

  /** Adds the topic, or removes it when it is there; one change at a time, as a page would. */
  async change(topic: Topic, replay: string): Promise<void> {
    if (this.#changing !== undefined) this.#stream.resume();
    await this.#changing;
    const isThere = this.#wanted.includes(topic);
    const change = { add: isThere ? [] : [{ topic, replay }], remove: isThere ? [topic] : [] };
    if (!isThere) this.#replays.set(topic, replay);
    const stream = this.#stream;
    this.#changing = this.#edge.change(stream, change).then((topics) => {
      if (topics !== undefined && stream === this.#stream) this.#wanted = topics;
    });
    void this.#changing.then(() => {
      this.#changing = undefined;
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(bytes?: number): void {
    this.#stream.resume(bytes);
  }

  reconnect(): void {
    this.#stream.cut();
    const { lastEventId } = this.#stream;
    this.#stream = this.#open(lastEventId === '' ? undefined : lastEventId);
  }

  get isClosed(): boolean {
    return this.#stream.session.closed;
  }

  /** Why nothing more is to come, or `undefined` where it has all. */
  missing(): string | undefined {
    for (const topic of this.#wanted) {
      const next = this.#followed.get(topic)?.next;
      const { length } = this.#places[topic as Topic];
      if (next !== length) return `${topic} stands at ${next} of ${length}`;
    }
    return this.#stream.session.live ? undefined : 'not live';
  }

  async end(): Promise<void> {
    this.resume();
    await this.#changing;
  }

  cut(): void {
    this.#stream.cut();
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish'),
      topic: fc.constantFrom(...TOPICS),
      many: fc.integer({ min: 1, max: 12 }),
      bytes: fc.nat({ max: 1_500 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('change'),
      topic: fc.constantFrom(...TOPICS),
      replay: fc.constantFrom('none', 'all', 'last', '3'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns'), many: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'pause' }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume'), bytes: fc.option(fc.nat({ max: 8_000 })) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'cut' }) },
  { weight: 1, arbitrary: fc.constantFrom({ do: 'touch' }, { do: 'beat' }, { do: 'lose' }) },
) as fc.Arbitrary<{
  do: 'publish' | 'change' | 'turns' | 'pause' | 'resume' | 'cut' | 'touch' | 'beat' | 'lose';
  topic: Topic;
  replay: string;
  many: number;
  bytes: number | null;
}>;

it('section 4: whatever is changed, paused, cut or lost meanwhile, a topic brings every event once and in order for as long as it is followed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.constantFrom(6_000, 40_000, 10_000_000),
      fc.constantFrom(2_048, 16_384),
      async (steps, ringMaxBytes, lagMaxBytes) => {
        const edge = await createBareEdge({ ringMaxBytes, lagMaxBytes });
        const places: Record<Topic, number[]> = { a: [], b: [], c: [] };
        const publish = async (topic: Topic, bytes: number, fed?: boolean): Promise<void> => {
          const { length } = places[topic];
          // Its place is known before it is fed: this is what is told.
          places[topic].push(Object.values(places).flat().length + 1);
          await edge.publish(topic, `${topic} ${length} ${'x'.repeat(bytes)}`, fed);
        };
        const client = new Subscriber(edge, places);
        for (const { do: what, topic, replay, many, bytes } of steps) {
          if (client.isClosed) client.reconnect();
          if (what === 'publish') for (let each = 0; each < many; each += 1) await publish(topic, bytes ?? 0);
          if (what === 'change') await client.change(topic, replay);
          if (what === 'turns') for (let each = 0; each < many; each += 1) await nextTurn();
          if (what === 'pause') client.pause();
          if (what === 'resume') client.resume(bytes ?? undefined);
          if (what === 'cut') client.reconnect();
          if (what === 'touch') edge.inTouch = !edge.inTouch;
          if (what === 'beat') edge.clock.advance(61_000);
          if (what === 'lose') {
            await publish('a', 10, false);
            edge.restartFeed();
          }
        }
        edge.inTouch = true;
        await client.end();
        for (let turn = 0; client.missing() !== undefined && turn < 300; turn += 1) {
          if (client.isClosed) client.reconnect();
          edge.clock.advance(250);
          await nextTurn();
          // What a topic that was added without a replay is to bring first is known once it has.
          if (turn % 50 === 49) for (const each of TOPICS) await publish(each, 1);
        }
        expect([client.faults, client.missing(), edge.errors]).toEqual([[], undefined, []]);
        client.cut();
        expect(edge.parts.registry.size).toBe(0);
        for (const each of TOPICS) expect(edge.parts.router.subscribersOf('default', each).size).toBe(0);
        edge.stop();
        await nextTurn();
        expect(edge.clock.pending).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
