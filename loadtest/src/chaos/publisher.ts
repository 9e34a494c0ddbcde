import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from './chance.ts';
import { encodePayload, type Ledger, type LedgerTopic, type TopicKind } from './ledger.ts';

export interface PublisherParts {
  readonly ledger: Ledger;
  readonly chance: Chance;
  readonly token: string;
  /** Events in a second. */
  readonly rate: number;
  /** Set apart from the ids of other runs against the same hub. */
  readonly run: string;
  /** The ingest that a balancer would choose now; `undefined` while none is up. */
  ingestUrl(): string | undefined;
}

/** One event on its way, which keeps its id until it is accepted. */
interface Event {
  /** Of its topic. */
  readonly index: number;
  readonly kind: TopicKind;
  readonly body: object;
}

interface Result {
  readonly status: number;
  readonly id?: string;
  readonly duplicate?: true;
}

const TICK_MS = 20;
const MOST_AT_ONCE = 32;
const MOST_IN_BATCH = 20;
const SINGLE_SHARE = 0.3;
const LEAST_BYTES = 100;
const MOST_BYTES = 500;
const TRAITS: Readonly<Record<TopicKind, object>> = { stored: {}, brief: { ttl: 2 }, unstored: { store: false } };
// Longer than an ingest tries by itself: its answer is worth waiting for.
const ANSWER_MS = 25_000;
const RETRY_MS = 200;

/**
 * Publishes numbered events as a careful back end does: under ids, again and again until they are accepted, and the next
 * of a topic only after the one before, which is what makes their order a promise.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #free: number[];
  /** By topic: how many events were made. */
  readonly #sent: number[];
  #credit = 0;
  #ticker: NodeJS.Timeout | undefined;
  #underWay = 0;
  #stopped = false;
  /** Events that were sent again. */
  retries = 0;
  /** Events of which the answer was that they had been stored before: the first answer was lost. */
  duplicates = 0;
  /** Answers that another try can't better, in words. */
  readonly refusals: string[] = [];

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#free = parts.ledger.topics.map((_, index) => index);
    this.#sent = parts.ledger.topics.map(() => 0);
  }

  /** Events on their way, whose publishers do not know yet what became of them. */
  get underWay(): number {
    return this.#underWay;
  }

  start(): void {
    const { rate } = this.#parts;
    let lastMs = performance.now();
    this.#ticker = setInterval(() => {
      const nowMs = performance.now();
      // What an outage held back for long is not made up for: the rate is one of moments.
      this.#credit = Math.min(this.#credit + (rate * (nowMs - lastMs)) / 1000, rate);
      lastMs = nowMs;
      this.#send();
    }, TICK_MS);
  }

  /** No new events; resolves when all are accepted, or after `timeoutMs`: then `underWay` says how many are not. */
  async finish(timeoutMs: number): Promise<void> {
    clearInterval(this.#ticker);
    const deadline = performance.now() + timeoutMs;
    while (this.#underWay > 0 && performance.now() < deadline) await pause(TICK_MS);
    this.halt();
  }

  /** No new events, and no further tries of those that are under way. */
  halt(): void {
    clearInterval(this.#ticker);
    this.#stopped = true;
  }

  #send(): void {
    const { chance } = this.#parts;
    for (let batches = 0; this.#credit >= 1 && this.#free.length > 0 && batches < MOST_AT_ONCE; batches += 1) {
      const wanted = chance.happens(SINGLE_SHARE) ? 1 : Math.ceil(chance.between(1, MOST_IN_BATCH));
      const size = Math.min(wanted, Math.floor(this.#credit), this.#free.length);
      this.#credit -= size;
      this.#underWay += size;
      void this.#publish(Array.from({ length: size }, () => this.#create(this.#takeFree())));
    }
  }

  #takeFree(): number {
    const place = Math.floor(this.#parts.chance.between(0, this.#free.length));
    const index = this.#free[place] as number;
    this.#free[place] = this.#free.at(-1) as number;
    this.#free.pop();
    return index;
  }

  #create(index: number): Event {
    const { ledger, chance, run } = this.#parts;
    const { name, kind } = ledger.topics[index] as LedgerTopic;
    const sent = (this.#sent[index] as number) + 1;
    this.#sent[index] = sent;
    const data = encodePayload(name, sent, chance.between(LEAST_BYTES, MOST_BYTES));
    return { index, kind, body: { topic: name, data, id: `${run}-${sent}`, ...TRAITS[kind] } };
  }

  async #publish(events: readonly Event[]): Promise<void> {
    let rest = events;
    while (rest.length > 0) {
      const results = await this.#ask(rest.map(({ body }) => body));
      const again: Event[] = [];
      for (const [place, event] of rest.entries()) {
        if (this.#isDone(event, results?.[place])) this.#free.push(event.index);
        else again.push(event);
      }
      this.#underWay -= rest.length - again.length;
      rest = again;
      if (rest.length === 0 || this.#stopped) return;
      this.retries += rest.length;
      await pause(RETRY_MS);
    }
  }

  #isDone({ index, kind }: Event, result: Result | undefined): boolean {
    // A live-only event goes out once: another try would be another event.
    if (kind === 'unstored') return true;
    if (result?.status !== 202) return false;
    if (result.duplicate) this.duplicates += 1;
    this.#parts.ledger.accept(index, result.id, performance.now());
    return true;
  }

  async #ask(bodies: readonly object[]): Promise<Result[] | undefined> {
    const url = this.#parts.ingestUrl();
    if (url === undefined) return undefined;
    try {
      const answer = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#parts.token}`, 'content-type': 'application/json' },
        body: JSON.stringify(bodies.length === 1 ? bodies[0] : bodies),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const body = (await answer.json()) as { results?: Result[]; id?: string; duplicate?: true };
      if (answer.status >= 400 && answer.status < 500) this.refusals.push(`${answer.status} ${JSON.stringify(body)}`);
      return body.results ?? [{ ...body, status: answer.status }];
    } catch {
      // Refused, cut or silent: whether it was stored is not known.
      return undefined;
    }
  }
}
