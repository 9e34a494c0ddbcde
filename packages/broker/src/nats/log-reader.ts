import { type Message, toMatcher } from '@tidings/protocol';
import type { Clock, Metrics } from '@tidings/runtime';
import type { HistoryPage, Range, ReplayStart, Selection } from '../port.ts';
import type { DirectGet, DirectMessage } from './direct-get.ts';
import { decodeEvent } from './event-message.ts';
import { type JetStreamApi, whileAway } from './jetstream-api.ts';
import { readLatestOf } from './latest-read.ts';
import type { LogWatch } from './log-watch.ts';
import { mergeSubjects } from './merged-read.ts';
import { createNews, type News, TOO_MANY } from './news.ts';
import { createPatience, type Patience } from './patience.ts';
import type { Erasures } from './purge.ts';
import { readInOrder } from './scanned-read.ts';
import { type Address, createAddressBook, filtersOf } from './subject.ts';

/** Reads the stream back: what is yielded is proven to be complete, whichever replica answered. */
export interface LogReader {
  history(selection: Selection, range: Range, signal: AbortSignal): AsyncGenerator<HistoryPage>;
  latest(selection: Selection, range: Range, signal: AbortSignal): AsyncGenerator<HistoryPage>;
  startOf(selection: Selection, start: ReplayStart, upTo: number, signal: AbortSignal): Promise<number>;
  /** The newest message of every subject that matches and has one in the range. */
  newestOf(filters: readonly string[], range: Range, signal: AbortSignal): ReturnType<News>;
}

/** What every way of reading needs. */
export interface ReadParts {
  readonly directGet: DirectGet;
  readonly api: JetStreamApi;
  readonly watch: LogWatch;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The newest message that was fed: its subject shows whether a replica is behind. */
  newest(): { readonly timeMs: number; readonly subject: string };
  readonly erasures: Erasures;
  /** The connection was closed: nothing will be answered any more. */
  isClosed(): boolean;
}

/** One read: what it wants, and how long it goes on. */
export interface Read {
  readonly range: Range;
  /** The event of a message, if it is selected and not past its ttl. */
  pick(message: DirectMessage): Message | undefined;
  readonly patience: Patience;
}

// Above this many subjects, or where they are dense in the range, one read of everything costs less.
const MOST_MERGED = 64;
const PLACES_PER_SUBJECT = 64;
// How far back the first look for the last N events goes, for each of them, and how much further each next one.
const FIRST_REACH = 8;
const LEAST_REACH = 1_000;
const REACH_GROWTH = 8;
const TIME_TRIES = 4;

export function createLogReader(parts: ReadParts): LogReader {
  const { directGet, watch, clock, metrics, erasures } = parts;
  const news = createNews(parts);
  const addressOf = createAddressBook();

  function toSelected({ tenant, patterns }: Selection): (subject: string) => boolean {
    const matches = toMatcher(patterns);
    return (subject) => {
      const address = addressOf(subject);
      return address !== undefined && address.tenant === tenant && matches(address.topic);
    };
  }

  function toRead(isSelected: (subject: string) => boolean, range: Range, signal: AbortSignal): Read {
    return {
      range,
      patience: createPatience(signal, metrics, parts.isClosed),
      pick(message) {
        if (!isSelected(message.subject)) return undefined;
        const address = addressOf(message.subject) as Address;
        if (erasures.covers(address.tenant, address.topic, message.seq)) return undefined;
        const event = decodeEvent(message, address, message.seq, 0);
        return event.expiresAtMs > clock.now() ? event : undefined;
      },
    };
  }

  async function* history(selection: Selection, range: Range, signal: AbortSignal): AsyncGenerator<HistoryPage> {
    signal.throwIfAborted();
    const filters = filtersOf(selection);
    const isSelected = toSelected(selection);
    let { after } = range;
    while (after < range.upTo) {
      const read = toRead(isSelected, { after, upTo: range.upTo }, signal);
      const found = await news(filters, after, range.upTo, read.patience);
      if (found === TOO_MANY) return yield* readInOrder(read, range.upTo, parts);
      const sources = [...found.values()].filter(({ subject }) => isSelected(subject));
      if (sources.length === 0) break;
      if (sources.length > MOST_MERGED || (range.upTo - after) / PLACES_PER_SUBJECT < sources.length) {
        const newest = Math.max(...sources.map(({ seq }) => seq));
        return yield* readInOrder(read, Math.min(range.upTo, newest), parts);
      }
      const pages = mergeSubjects(sources, read, directGet);
      let step = await pages.next();
      for (; !step.done; step = await pages.next()) {
        after = step.value.through;
        yield step.value;
      }
      if (step.value === 'done') return;
      const rest = toRead(isSelected, { after, upTo: range.upTo }, signal);
      if (step.value === 'heavy') return yield* readInOrder(rest, range.upTo, parts);
    }
    yield { messages: [], through: range.upTo };
  }

  async function* latest(selection: Selection, range: Range, signal: AbortSignal): AsyncGenerator<HistoryPage> {
    signal.throwIfAborted();
    if (range.after >= range.upTo) return yield { messages: [], through: range.upTo };
    const isSelected = toSelected(selection);
    yield* readLatestOf(filtersOf(selection), isSelected, toRead(isSelected, range, signal), news, parts);
  }

  async function firstPlace(signal: AbortSignal): Promise<number> {
    const { state } = await whileAway(() => watch.ask(), signal);
    return Math.max(1, state.first_seq);
  }

  // Further and further back, until there are enough or nothing is left: a busy topic costs what it yields, and the
  // first looks at a quiet one cost little.
  async function startOfCount(selection: Selection, count: number, upTo: number, signal: AbortSignal): Promise<number> {
    const first = await firstPlace(signal);
    for (let reach = Math.max(LEAST_REACH, count * FIRST_REACH); ; reach *= REACH_GROWTH) {
      const after = Math.max(first - 1, upTo - reach);
      const places: number[] = [];
      for await (const { messages } of history(selection, { after, upTo }, signal)) {
        for (const { seq } of messages) places.push(seq);
        if (places.length > count) places.splice(0, places.length - count);
      }
      if (places.length < count && after >= first) continue;
      return places.length === 0 ? upTo : (places[0] as number) - 1;
    }
  }

  async function startOfTime(
    selection: Selection,
    sinceMs: number,
    upTo: number,
    signal: AbortSignal,
  ): Promise<number> {
    const after = sinceMs <= 0 ? (await firstPlace(signal)) - 1 : await placeBefore(sinceMs, upTo, signal);
    for await (const { messages } of history(selection, { after, upTo }, signal)) {
      // Pages are of places, and times never fall along the log but by a change of leader: look at each.
      const first = messages.find(({ timeMs }) => timeMs >= sinceMs);
      if (first !== undefined) return first.seq - 1;
    }
    return upTo;
  }

  // The place before the first message of anybody that was stored at that time or later.
  async function placeBefore(sinceMs: number, upTo: number, signal: AbortSignal): Promise<number> {
    const patience = createPatience(signal, metrics, parts.isClosed);
    for (let tries = 1; ; tries += 1) {
      const reply = await directGet({ start_time: new Date(sinceMs).toISOString(), batch: 1 });
      signal.throwIfAborted();
      const message = reply.messages[0];
      if (message !== undefined) return Math.min(message.seq - 1, upTo);
      // Nothing so late: believed only where the newest that was fed is older.
      const { timeMs } = parts.newest();
      if (reply.status === 404 && timeMs > 0 && timeMs < sinceMs) return upTo;
      // From the start, then: whoever asked looks at the time of each.
      if (reply.status === 404 && tries >= TIME_TRIES) return (await firstPlace(signal)) - 1;
      await patience.wait();
    }
  }

  return {
    history,
    latest,
    newestOf: (filters, { after, upTo }, signal) =>
      news(filters, after, upTo, createPatience(signal, metrics, parts.isClosed)),
    startOf: (selection, start, upTo, signal) =>
      'count' in start
        ? startOfCount(selection, start.count, upTo, signal)
        : startOfTime(selection, start.sinceMs, upTo, signal),
  };
}
