import type { DirectMessage } from './direct-get.ts';
import { whileAway } from './jetstream-api.ts';
import type { ReadParts } from './log-reader.ts';
import type { Patience } from './patience.ts';
import { ALL_STORED } from './subject.ts';

/** The newest message of a subject. */
export interface NewestOf {
  readonly subject: string;
  readonly seq: number;
  /** Of its payload. */
  readonly bytes: number;
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

  // `undefined`: the log is empty, as a leader says that has come as far as is asked for.
  async function witnessFromLeader(upTo: number, patience: Patience): Promise<string | undefined> {
    while (true) {
      const { state } = await whileAway(() => watch.ask(), patience.signal);
      if (state.last_seq >= upTo) {
        if (state.messages === 0) return undefined;
        const message = await whileAway(() => api.next(state.first_seq, ALL_STORED), patience.signal);
        if (message !== undefined) return message.subject;
      }
      await patience.wait();
    }
  }

  // What was found by several pages is all there is only if their count is what the first of them announced: a page may
  // come from another replica, and a subject's newest message may have expired or moved on meanwhile.
  async function look(wanted: readonly string[], after: number, keepBytes: number): Promise<Look> {
    const found = new Map<string, NewestOf>();
    let room = keepBytes;
    let reply = await directGet({ multi_last: wanted, seq: after + 1, max_bytes: PAGE_BYTES });
    const { upTo } = reply;
    const expected = reply.messages.length + reply.pending;
    while (true) {
      if (!reply.whole || reply.status !== 204) return { ...reply, upTo, found: undefined };
      for (const message of reply.messages) {
        const bytes = message.data.length;
        const keep = room >= bytes;
        if (keep) room -= bytes;
        const { subject, seq } = message;
        found.set(subject, { subject, seq, bytes, message: keep ? message : undefined });
      }
      const last = reply.messages.at(-1);
      if (reply.pending === 0 || last === undefined) break;
      reply = await directGet({ multi_last: wanted, seq: last.seq + 1, up_to_seq: upTo, max_bytes: PAGE_BYTES });
    }
    return { ...reply, upTo, found: found.size === expected ? found : undefined };
  }

  return async (filters, after, upTo, patience, keepBytes = 0) => {
    let witness = newest().subject || known;
    while (true) {
      const wanted = witness === '' || filters.includes(witness) ? filters : [...filters, witness];
      const { status, found, ...reply } = await look(wanted, after, keepBytes);
      patience.signal.throwIfAborted();
      if (status === 413) return TOO_MANY;
      if (found !== undefined && reply.upTo >= upTo) {
        patience.progress();
        return found;
      }
      const barren = await patience.wait();
      // Perhaps the witness itself was erased or has expired.
      if (status !== 404 || barren < 2) continue;
      const other = await witnessFromLeader(upTo, patience);
      if (other === undefined) return new Map();
      witness = other;
      known = other;
    }
  };
}

interface Look {
  readonly status: number;
  readonly upTo: number;
  /** `undefined` where the replies prove nothing. */
  readonly found: Map<string, NewestOf> | undefined;
}
