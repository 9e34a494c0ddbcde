import type { Message } from '@tidings/protocol';
import type { HistoryPage } from '../port.ts';
import { findAbsence } from './absence.ts';
import { whileAway } from './jetstream-api.ts';
import type { Read, ReadParts } from './log-reader.ts';
import { ALL_STORED } from './subject.ts';

const BATCH = 500;
const PAGE_BYTES = 262_144;
const BARREN_ROUNDS = 4;
const AGREEING_ANSWERS = 2;

/**
 * Reads the whole log in the range and picks in this process: for many topics that is less work than asking for each.
 * @param proof a reply that reaches this place has everything; at most the end of the range.
 */
export async function* readInOrder(
  { range, pick, patience }: Read,
  proof: number,
  { directGet, api }: ReadParts,
): AsyncGenerator<HistoryPage> {
  let through = range.after;
  let denials = 0;
  while (through < proof) {
    const reply = await directGet({ seq: through + 1, batch: BATCH, max_bytes: PAGE_BYTES });
    patience.signal.throwIfAborted();
    const last = reply.messages.at(-1)?.seq ?? 0;
    if (last <= through) {
      if ((await patience.wait()) < BARREN_ROUNDS) continue;
      // The end of the range may have been erased: no replica can prove that, the leader can.
      const from = through + 1;
      const found = await whileAway(() => findAbsence(api, ALL_STORED, from, range.upTo), patience.signal);
      denials = found === 'nothing' ? denials + 1 : 0;
      if (denials >= AGREEING_ANSWERS) break;
      continue;
    }
    patience.progress();
    denials = 0;
    const messages: Message[] = [];
    for (const message of reply.messages) {
      if (message.seq > range.upTo) break;
      const event = pick(message);
      if (event !== undefined) messages.push(event);
    }
    through = last >= proof ? range.upTo : last;
    yield { messages, through };
    patience.signal.throwIfAborted();
  }
  if (through < range.upTo) yield { messages: [], through: range.upTo };
}
