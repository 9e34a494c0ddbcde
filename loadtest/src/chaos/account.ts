import { parseCursor, toMatcher } from '@tidings/protocol';
import { type Ledger, parsePayload } from './ledger.ts';

/** What may be wrong with what a subscriber got. */
export const FAULTS = ['lost', 'duplicated', 'out of order', 'foreign'] as const;
export type DeliveryFault = (typeof FAULTS)[number];

/** A stretch of the log that the hub said it can not deliver any more. */
interface Gap {
  readonly reason: string;
  readonly from: { readonly epoch: string; readonly seq: number } | undefined;
  readonly to: { readonly epoch: string; readonly seq: number } | undefined;
}

/** One event that came, and its number; `undefined` where it was not the subscriber's to have. */
export interface Delivered {
  readonly topic: number;
  readonly count: number;
}

const MOST_EXAMPLES = 5;

/** What one subscriber got, held against the ledger as it comes: it keeps numbers, and no events. */
export class Account {
  readonly name: string;
  readonly counts: Record<DeliveryFault, number> = { lost: 0, duplicated: 0, 'out of order': 0, foreign: 0 };
  /** A few cases of each fault, in words. */
  readonly examples: string[] = [];
  readonly gaps: Gap[] = [];
  delivered = 0;
  /** On which of its streams it is: stands in the examples. */
  stream = 0;
  readonly #ledger: Ledger;
  /** By topic: the number that must come next; 0 for a topic that was not asked for. */
  readonly #next: number[];
  /** By topic: what was passed over and has not come. */
  readonly #missing = new Map<number, Set<number>>();

  constructor(name: string, ledger: Ledger, patterns: readonly string[]) {
    this.name = name;
    this.#ledger = ledger;
    const matches = toMatcher(patterns);
    this.#next = ledger.topics.map(({ name: topic }) => (matches(topic) ? 1 : 0));
  }

  take(payload: string): Delivered | undefined {
    const { topic: name, count } = parsePayload(payload);
    const topic = this.#ledger.indexOf(name);
    const next = topic === undefined ? 0 : (this.#next[topic] as number);
    this.delivered += 1;
    if (topic === undefined || next === 0) {
      this.#note('foreign', name, count);
      return undefined;
    }
    if (count >= next) this.#passOver(topic, next, count);
    else this.#takeOld(topic, name, count);
    return { topic, count };
  }

  #passOver(topic: number, next: number, count: number): void {
    this.#next[topic] = count + 1;
    if (count === next || this.#ledger.topics[topic]?.kind !== 'stored') return;
    const missing = this.#missing.get(topic) ?? new Set();
    for (let each = next; each < count; each += 1) missing.add(each);
    this.#missing.set(topic, missing);
  }

  #takeOld(topic: number, name: string, count: number): void {
    // Live-only events of one topic come by several ingests and connections: nobody promises their order.
    if (this.#ledger.topics[topic]?.kind === 'unstored' && count !== (this.#next[topic] as number) - 1) return;
    const isLate = this.#missing.get(topic)?.delete(count) === true;
    this.#note(isLate ? 'out of order' : 'duplicated', name, count);
  }

  /** A `hub.gap` came, with this data. */
  gap(data: string): void {
    const { from, to, reason } = JSON.parse(data) as Record<string, string>;
    this.gaps.push({ reason: reason ?? '', from: parseCursor(from ?? ''), to: parseCursor(to ?? '') });
  }

  /** Whether everything that was accepted has come. */
  get isComplete(): boolean {
    return this.#absent().next().done === true;
  }

  /** Counts what was lost: called once, when nothing more can come. */
  close(): void {
    for (const { topic, count } of this.#absent()) {
      this.#note('lost', this.#ledger.topics[topic]?.name ?? '', count);
    }
  }

  *#absent(): Generator<Delivered> {
    for (const [topic, { kind }] of this.#ledger.topics.entries()) {
      const next = this.#next[topic] as number;
      if (next === 0 || kind !== 'stored') continue;
      for (const count of this.#missing.get(topic) ?? []) if (!this.#isExcused(topic, count)) yield { topic, count };
      for (let count = next; count <= this.#ledger.accepted(topic); count += 1) {
        if (!this.#isExcused(topic, count)) yield { topic, count };
      }
    }
  }

  // A gap excuses what lies in it and nothing else: what is stored after its end must come, as on any stream.
  #isExcused(topic: number, count: number): boolean {
    const place = this.#ledger.acceptance(topic, count)?.place;
    if (place === undefined) return false;
    return this.gaps.some(({ from, to }) => {
      const isAfterStart = from === undefined || from.epoch !== place.epoch || place.seq > from.seq;
      const isBeforeEnd =
        to !== undefined && (to.epoch === place.epoch ? place.seq <= to.seq : from?.epoch === place.epoch);
      return isAfterStart && isBeforeEnd;
    });
  }

  #note(fault: DeliveryFault, topic: string, count: number): void {
    this.counts[fault] += 1;
    if (this.counts[fault] > MOST_EXAMPLES) return;
    const place = this.#ledger.acceptance(this.#ledger.indexOf(topic) ?? -1, count)?.place;
    const where = place === undefined ? '' : ` at ${place.seq}`;
    const when = `stream ${this.stream}, ${(performance.now() / 1000).toFixed(1)} s`;
    this.examples.push(`${this.name}: ${fault}: ${topic} ${count}${where} (${when})`);
  }
}
