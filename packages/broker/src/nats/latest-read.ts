import type { HistoryPage } from '../port.ts';
import type { DirectMessage } from './direct-get.ts';
import { whileAway } from './jetstream-api.ts';
import type { Read, ReadParts } from './log-reader.ts';
import { type NewestOf, type News, TOO_MANY } from './news.ts';

// Payloads that are kept from the first look, so that few need a second.
const KEEP_BYTES = 8_388_608;
// Subjects of one request, where there are more than one may match.
const CHUNK = 500;
const TOGETHER = 32;
const BATCH = 64;
const MOST_BARREN = 8;

/**
 * The newest event of every selected topic in the range, oldest first. Of a topic that has a newer one already, the
 * newest up to the range's end is looked for.
 */
export async function* readLatestOf(
  filters: readonly string[],
  isSelected: (subject: string) => boolean,
  read: Read,
  news: News,
  parts: ReadParts,
): AsyncGenerator<HistoryPage> {
  const { range, patience, pick } = read;
  const found = await newestOfAll(filters, read, news, parts);
  const newest: NewestOf[] = [];
  const beyond: string[] = [];
  for (const each of found.values()) {
    if (!isSelected(each.subject)) continue;
    if (each.seq <= range.upTo) newest.push(each);
    else beyond.push(each.subject);
  }
  for (let at = 0; at < beyond.length; at += TOGETHER) {
    const earlier = beyond.slice(at, at + TOGETHER).map((subject) => newestUpTo(subject, read, parts));
    for (const message of await Promise.all(earlier)) {
      if (message !== undefined) newest.push({ subject: message.subject, seq: message.seq, message });
    }
  }
  newest.sort((one, other) => one.seq - other.seq);
  for (let at = 0; at < newest.length; at += TOGETHER) {
    const some = newest.slice(at, at + TOGETHER);
    const messages = await Promise.all(some.map(({ message, seq }) => message ?? messageAt(seq, read, parts)));
    patience.signal.throwIfAborted();
    const events = messages.flatMap((message) => (message === undefined ? [] : (pick(message) ?? [])));
    yield { messages: events, through: (some.at(-1) as NewestOf).seq };
    patience.signal.throwIfAborted();
  }
  yield { messages: [], through: range.upTo };
}

async function newestOfAll(
  filters: readonly string[],
  { range, patience }: Read,
  news: News,
  { api, watch }: ReadParts,
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
        await whileAway(() => watch.ask(), patience.signal);
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

// Up to a place a replica may be behind without showing it; that it has the newer message too shows that it is not.
async function newestUpTo(
  subject: string,
  { range, patience }: Read,
  { directGet }: ReadParts,
): Promise<DirectMessage | undefined> {
  const guess = await directGet({ multi_last: [subject], up_to_seq: range.upTo });
  let from = Math.max(range.after + 1, guess.messages[0]?.seq ?? 0);
  let newest: DirectMessage | undefined;
  while (true) {
    const { messages } = await directGet({ seq: from, next_by_subj: subject, batch: BATCH });
    patience.signal.throwIfAborted();
    for (const message of messages) {
      if (message.seq > range.upTo) return newest;
      newest = message;
    }
    const last = messages.at(-1);
    if (last !== undefined) from = last.seq + 1;
    // The newer one was erased meanwhile: what was found is the newest there is.
    else if ((await patience.wait()) >= MOST_BARREN) return newest;
  }
}

// `undefined` when it was erased since its place was learnt.
async function messageAt(
  seq: number,
  { patience }: Read,
  { directGet }: ReadParts,
): Promise<DirectMessage | undefined> {
  while (true) {
    const { messages } = await directGet({ seq, batch: 1 });
    patience.signal.throwIfAborted();
    const message = messages[0];
    if (message !== undefined) return message.seq === seq ? message : undefined;
    if ((await patience.wait()) >= MOST_BARREN) return undefined;
  }
}
