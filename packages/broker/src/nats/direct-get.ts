import { sequenceOf } from './event-message.ts';
import type { Link } from './link.ts';
import { lastHeader, lastNumber, type RawMessage, statusOf } from './raw-message.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { STREAM } from './subject.ts';

/** What is asked of a replica's store (NATS ADR-31, in the server's own names). */
export type DirectQuery = Readonly<{
  seq?: number;
  start_time?: string;
  next_by_subj?: string;
  multi_last?: readonly string[];
  up_to_seq?: number;
  batch?: number;
  max_bytes?: number;
}>;

/** One message of a reply, with a payload of its own. */
export interface DirectMessage extends RawMessage {
  readonly seq: number;
}

/**
 * What one replica answered. Any replica may: it may be behind, and a broken route may tear a reply in the middle. What
 * stands here is the part of the reply that is proven to be without a hole; `whole` says that it is all of it.
 */
export interface DirectReply {
  readonly messages: readonly DirectMessage[];
  /** 204: the end of a batch. 404: nothing found. 413: more subjects than one request may name. 0: no end came. */
  readonly status: number;
  readonly whole: boolean;
  /** Matching messages that the replica has beyond this batch. */
  readonly pending: number;
  /** The newest place that the replica knew of; only for `multi_last`. */
  readonly upTo: number;
}

/** Asks for stored messages; never rejects: an answer that did not come is a reply that is not whole. */
export type DirectGet = (query: DirectQuery) => Promise<DirectReply>;

// From one message of a reply to the next, and to the first.
const SILENCE_MS = 2_000;
// Within this time a replica that works has begun to answer, most often.
const HEARD_MS = 300;
const MOST_ASKED = 3;

/** Lets so many questions run at once, and the others wait in their order: each answer may hold a megabyte. */
export function limited(directGet: DirectGet, mostAtOnce: number): DirectGet {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (query) => {
    // Who waits is handed the place of one that has ended.
    if (running >= mostAtOnce) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await directGet(query);
    } finally {
      const next = queue.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/**
 * The server chains the messages of a reply: each names the sequence of the one before it (`Nats-Last-Sequence`), the
 * first 0, and the end names the last. Where the chain breaks, the rest is not believed.
 */
export function createDirectGet(link: Link, inbox: ReplyInbox, stream: string = STREAM): DirectGet {
  const open = new Set<() => void>();
  // What was asked on the connection that is gone gets no answer any more.
  link.onReconnect(() => {
    for (const giveUp of [...open]) giveUp();
  });
  const ask = (query: DirectQuery, onHeard: () => void): Promise<DirectReply> =>
    new Promise((resolve) => {
      const messages: DirectMessage[] = [];
      let last = 0;
      let torn = false;
      const finish = (status: number, whole: boolean, headers = ''): void => {
        clearTimeout(timer);
        address.close();
        open.delete(giveUp);
        const pending = lastNumber(headers, 'Nats-Num-Pending');
        resolve({ messages, status, whole, pending, upTo: lastNumber(headers, 'Nats-UpTo-Sequence') });
      };
      const giveUp = (): void => finish(0, false);
      open.add(giveUp);
      const timer = setTimeout(giveUp, SILENCE_MS).unref();
      const address = inbox.open(({ headers, data }) => {
        onHeard();
        timer.refresh();
        const status = statusOf(headers);
        // An end that names another last message than came shows that some were lost at the end.
        if (status !== 0) {
          return finish(
            status,
            !torn && (status !== 204 || lastNumber(headers, 'Nats-Last-Sequence') === last),
            headers,
          );
        }
        const seq = sequenceOf(headers);
        torn ||= lastNumber(headers, 'Nats-Last-Sequence') !== last || seq <= last;
        if (torn) return;
        last = seq;
        const subject = lastHeader(headers, 'Nats-Subject') ?? '';
        messages.push({ subject, headers, data: Buffer.from(data), seq });
      });
      if (!link.connected) return giveUp();
      try {
        link.client.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: address.subject });
      } catch {
        // It was closed this instant: nobody will answer.
        giveUp();
      }
    });

  // A replica that is frozen is asked like any other, and says nothing: after a moment another is asked as well.
  return (query) =>
    new Promise((resolve) => {
      let heard = false;
      let underWay = 0;
      let asked = 0;
      const again = (): void => {
        underWay += 1;
        asked += 1;
        ask(query, () => {
          heard = true;
        }).then(take);
      };
      const take = (reply: DirectReply): void => {
        underWay -= 1;
        if (!reply.whole && underWay > 0) return;
        clearInterval(timer);
        resolve(reply);
      };
      const timer = setInterval(() => {
        if (heard || asked === MOST_ASKED) clearInterval(timer);
        else again();
      }, HEARD_MS).unref();
      again();
    });
}
