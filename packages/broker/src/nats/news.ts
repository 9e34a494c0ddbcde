import type { DirectMessage } from './direct-get.ts';
import { whileAway } from './jetstream-api.ts';
import type { ReadParts } from './log-reader.ts';
import type { Patience } from './patience.ts';
import { ALL_STORED } from './subject.ts';

/** The newest message of a subject. */
export interface NewestOf {
  readonly subject: string;
  readonly seq: number;
  /** Kept where it was wanted and there was room. */
  readonly message: DirectMessage | undefined;
}

/** More subjects match than one request may name. */
export const TOO_MANY = 'too many';

/**
 * The newest message of every subject that matches and has one after a place, by subject: a proof of what there is to
 * read, and most often that there is nothing. @param keepBytes how many bytes of messages may be kept.
 */
export type News = (
  filters: readonly string[],
  after: number,
  upTo: number,
  patience: Patience,
  keepBytes?: number,
) => Promise<Map<string, NewestOf> | typeof TOO_MANY>;

const PAGE_BYTES = 4_194_304;

/**
 * A reply counts only if its replica had reached `upTo` when it answered. A replica says so in the end of a reply, and
 * only if something matched: so the subject of a message that every fresh replica has is asked for too, the witness.
 */
export function createNews({ directGet, api, watch, newest }: ReadParts): News {
  // While nothing was fed, what the leader named when it was last needed.
  let known = '';

  async function witnessFromLeader(patience: Patience): Promise<string | undefined> {
    const { state } = await whileAway(() => watch.ask(), patience.signal);
    if (state.messages === 0) return undefined;
    const message = await whileAway(() => api.next(state.first_seq, ALL_STORED), patience.signal);
    return message?.subject;
  }

  return async (filters, after, upTo, patience, keepBytes = 0) => {
    const found = new Map<string, NewestOf>();
    let room = keepBytes;
    let witness = newest().subject || known;
    let from = after + 1;
    while (true) {
      const wanted = witness === '' || filters.includes(witness) ? filters : [...filters, witness];
      const reply = await directGet({ multi_last: wanted, seq: from, max_bytes: PAGE_BYTES });
      patience.signal.throwIfAborted();
      if (reply.status === 413) return TOO_MANY;
      if (!reply.whole || reply.status !== 204 || reply.upTo < upTo) {
        const barren = await patience.wait();
        // Perhaps the witness itself was erased or has expired.
        if (reply.status === 404 && barren >= 2) {
          const other = await witnessFromLeader(patience);
          if (other === undefined) return found;
          witness = other;
          known = other;
        }
        continue;
      }
      patience.progress();
      for (const message of reply.messages) {
        const keep = room >= message.data.length;
        if (keep) room -= message.data.length;
        found.set(message.subject, { subject: message.subject, seq: message.seq, message: keep ? message : undefined });
      }
      const last = reply.messages.at(-1);
      if (reply.pending === 0 || last === undefined) return found;
      from = last.seq + 1;
    }
  };
}
