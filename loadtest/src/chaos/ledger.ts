import { type Cursor, parseCursor } from '@tidings/protocol';

/** `stored` is promised to everybody; what expires soon or is never stored may be missed, and nothing else. */
export type TopicKind = 'stored' | 'brief' | 'unstored';

export interface LedgerTopic {
  readonly name: string;
  readonly kind: TopicKind;
}

/** What became of one accepted event. */
export interface Acceptance {
  readonly atMs: number;
  /** Where it stands in the log; `undefined` for what is not stored. */
  readonly place: Cursor | undefined;
}

/**
 * What publishers were promised: of each topic the events 1, 2, 3 … up to the last that was accepted, since none is sent
 * before the one ahead of it was.
 */
export class Ledger {
  readonly topics: readonly LedgerTopic[];
  readonly #indices: ReadonlyMap<string, number>;
  readonly #acceptances: readonly Acceptance[][];

  constructor(topics: readonly LedgerTopic[]) {
    this.topics = topics;
    this.#indices = new Map(topics.map(({ name }, index) => [name, index]));
    this.#acceptances = topics.map(() => []);
  }

  indexOf(topic: string): number | undefined {
    return this.#indices.get(topic);
  }

  /** The next event of the topic was accepted; `cursor` is what its publisher was given. */
  accept(topic: number, cursor: string | undefined, atMs: number): void {
    const place = cursor === undefined ? undefined : parseCursor(cursor);
    this.#acceptances[topic]?.push({ atMs, place });
  }

  /** How many events of the topic were accepted, which is also the number of the last. */
  accepted(topic: number): number {
    return this.#acceptances[topic]?.length ?? 0;
  }

  /** `undefined` while its publisher has no answer: an event may be delivered before. */
  acceptance(topic: number, count: number): Acceptance | undefined {
    return this.#acceptances[topic]?.[count - 1];
  }

  /** Accepted events on all topics. */
  get total(): number {
    return this.#acceptances.reduce((sum, { length }) => sum + length, 0);
  }
}

/** The payload of an event: its topic and its number in it, then whatever makes it as long as wanted. */
export function encodePayload(topic: string, count: number, bytes: number): string {
  return `${topic} ${count} `.padEnd(bytes, 'x');
}

/** Reads what `encodePayload` wrote. */
export function parsePayload(payload: string): { topic: string; count: number } {
  const [topic = '', count = ''] = payload.split(' ', 2);
  return { topic, count: Number(count) };
}
