import type { Message } from '@tidings/protocol';
import type { HistoryPage } from '../port.ts';
import { findAbsence } from './absence.ts';
import { whileAway } from './jetstream-api.ts';
import type { Read, ReadParts } from './log-reader.ts';
import { type NewestOf, type News, TOO_MANY } from './news.ts';
import type { Patience } from './patience.ts';
import { ALL_STORED } from './subject.ts';

// Payloads that are kept from the first look, so that few need a second.
const KEEP_BYTES = 1_048_576;
// Subjects of one request, where there are more than one may match.
const CHUNK = 500;
const TOGETHER = 8;
const BATCH = 64;
const BATCH_BYTES = 524_288;
const PAGE_BYTES = 1_048_576;
// An answer that the replicas give so often is put to the leader.
const BARREN_TRIES = 2;

/** The newest event of every selected topic in the range that is still kept, oldest first. */
export async function* readLatestOf(
  filters: readonly string[],
  isSelected: (subject: string) => boolean,
  read: Read,
  news: News,
  parts: ReadParts,
): AsyncGenerator<HistoryPage> {
  const { range, patience } = read;
  const newest: NewestOf[] = [];
  for (const each of (await newestOfAll(filters, read, news, parts)).values()) {
    if (isSelected(each.subject)) newest.push(each);
  }
  const places = await inSteps(newest, async (each) => {
    // Of a topic that has a newer one already, or whose newest has expired, the one before is looked for.
    if (each.seq <= range.upTo && (await eventOf(each, read, parts)) !== undefined) return each;
    return newestUpTo(each.subject, Math.min(each.seq - 1, range.upTo), read, parts);
  });
  places.sort((one, other) => one.seq - other.seq);
  for (let at = 0; at < places.length; at += TOGETHER) {
    const some = places.slice(at, at + TOGETHER);
    const messages = await inSteps(some, (each) => eventOf(each, read, parts));
    for (const page of toPages(messages)) {
      yield { messages: page, through: (page.at(-1) as Message).seq };
      patience.signal.throwIfAborted();
    }
  }
  yield { messages: [], through: range.upTo };
}

function* toPages(messages: readonly Message[]): Generator<Message[]> {
  let page: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (page.length > 0 && bytes + message.data.length > PAGE_BYTES) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(message);
    bytes += message.data.length;
  }
  if (page.length > 0) yield page;
}

// A few at a time, and what comes to nothing left out.
async function inSteps<Value, Result>(
  values: readonly Value[],
  run: (value: Value) => Promise<Result | undefined>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < values.length; at += TOGETHER) {
    for (const result of await Promise.all(values.slice(at, at + TOGETHER).map(run))) {
      if (result !== undefined) results.push(result);
    }
  }
  return results;
}

async function newestOfAll(
  filters: readonly string[],
  { range, patience }: Read,
  news: News,
  { api }: ReadParts,
): Promise<ReadonlyMap<string, NewestOf>> {
  const found = await news(filters, range.after, range.upTo, patience, KEEP_BYTES);
  if (found !== TOO_MANY) return found;
  const all = new Map<string, NewestOf>();
  for (const filter of filters) {
    for (let offset = 0, total = 1; offset < total; ) {
      const info = await whileAway(() => api.info({ subjects_filter: filter, offset }), patience.signal);
      // A leader that was deposed and does not know it yet.
      if (info.state.last_seq < range.upTo) {
        await patience.wait();
        continue;
      }
      const subjects = Object.keys(info.state.subjects ?? {});
      for (let at = 0; at < subjects.length; at += CHUNK) {
        const some = await news(subjects.slice(at, at + CHUNK), range.after, range.upTo, patience);
        if (some !== TOO_MANY) for (const [subject, each] of some) all.set(subject, each);
      }
      total = info.total ?? subjects.length;
      offset += Math.max(1, subjects.length);
    }
  }
  return all;
}

// The replica's own word for the newest up to a place may be behind: it only says where to begin.
async function newestUpTo(subject: string, upTo: number, read: Read, parts: ReadParts): Promise<NewestOf | undefined> {
  const first = read.range.after + 1;
  if (upTo < first) return undefined;
  const guess = await parts.directGet({ multi_last: [subject], up_to_seq: upTo });
  const start = Math.max(first, guess.messages[0]?.seq ?? 0);
  const newest = await newestWithin(subject, start, upTo, read, parts);
  return newest ?? (start > first ? newestWithin(subject, first, start - 1, read, parts) : undefined);
}

// That a replica has a later message too shows that it is not behind; where there is none, the leader is asked.
async function newestWithin(
  subject: string,
  first: number,
  upTo: number,
  read: Read,
  { directGet, api }: ReadParts,
): Promise<NewestOf | undefined> {
  const patience = read.patience.fork();
  let newest: NewestOf | undefined;
  for (let from = first; from <= upTo; ) {
    const { messages, whole, status } = await directGet({
      seq: from,
      next_by_subj: subject,
      batch: BATCH,
      max_bytes: BATCH_BYTES,
    });
    patience.signal.throwIfAborted();
    for (const message of messages) {
      if (message.seq > upTo) return newest;
      if (read.pick(message) !== undefined) {
        newest = { subject, seq: message.seq, bytes: message.data.length, message: undefined };
      }
    }
    const last = messages.at(-1);
    if (last !== undefined) {
      from = last.seq + 1;
      continue;
    }
    const tries = await patience.wait();
    if (!whole || status !== 404 || tries < BARREN_TRIES) continue;
    const found = await whileAway(() => findAbsence(api, subject, from, upTo), patience.signal);
    if (found === 'nothing') return newest;
  }
  return newest;
}

async function eventOf(each: NewestOf, read: Read, parts: ReadParts): Promise<Message | undefined> {
  if (each.message !== undefined) return read.pick(each.message);
  const patience: Patience = read.patience.fork();
  while (true) {
    const { messages, whole, status } = await parts.directGet({ seq: each.seq, batch: 1 });
    patience.signal.throwIfAborted();
    const message = messages[0];
    if (message !== undefined) return message.seq === each.seq ? read.pick(message) : undefined;
    const tries = await patience.wait();
    if (!whole || status !== 404 || tries < BARREN_TRIES) continue;
    // Erased since its place was learnt, and nothing came after it.
    const found = await whileAway(() => findAbsence(parts.api, ALL_STORED, each.seq, each.seq), patience.signal);
    if (found === 'nothing') return undefined;
  }
}
