import type { InboxCount, InboxRead } from '@tidings/protocol/client';
import type { TidingsEvent } from '../subscriber/event.ts';
import { isAfter } from '../subscriber/position.ts';
import type { InboxEvent, InboxState } from './inbox.ts';

/** A page as the hub answers it. */
export interface InboxPage extends InboxCount {
  readonly events: readonly InboxEvent[];
  readonly next?: string;
}

/** What is known of an inbox: pages that were read, events that came since, and what was told to be read. */
export interface InboxList {
  /** Begins anew with the first page; what came on the stream after it was read stays. */
  begin(page: InboxPage): void;
  /** Adds the page after the last one. */
  extend(page: InboxPage): void;
  /** Where the next page goes on; `undefined` when there is none. */
  readonly next: string | undefined;
  /** What came on the stream. */
  add(event: TidingsEvent): void;
  /**
   * What was read, here or on another page. Answers whether something was missed that was told before, which the answer to a
   * mark of this page says nothing of: it has no `after`.
   */
  mark(read: Pick<InboxRead, 'ids'> & Partial<Pick<InboxRead, 'after'>> & InboxCount): boolean;
  view(): Pick<InboxState, 'unread' | 'more' | 'events' | 'hasOlder'>;
}

/**
 * What is read only grows, so whatever comes late or twice takes nothing back: places are joined, and of two counts the one of
 * the higher revision is the newer.
 */
export function createInboxList(): InboxList {
  let events: InboxEvent[] = [];
  let count: InboxCount | undefined;
  let next: string | undefined;
  let upTo: string | undefined;
  // Up to this revision nothing was missed.
  let told = 0;
  const ids = new Set<string>();

  const isRead = ({ id, read }: InboxEvent): boolean => read || ids.has(id) || (!!upTo && !isAfter(id, upTo));

  return {
    get next() {
      return next;
    },
    begin(page) {
      const log = /^\w+/.exec(page.at)?.[0];
      events = [...events.filter(({ id }) => id.startsWith(`${log}.`) && isAfter(id, page.at)), ...page.events];
      count = page;
      next = page.next;
      upTo = page.upTo;
      told = page.revision;
      ids.clear();
    },
    extend(page) {
      const last = events.at(-1)?.id;
      events = [...events, ...page.events.filter(({ id }) => !last || isAfter(last, id))];
      next = page.next;
    },
    add({ id, ...event }) {
      if (id && events.every((each) => each.id !== id)) events = [{ ...event, id, read: false }, ...events];
    },
    mark(read) {
      for (const id of read.ids) ids.add(id);
      if (read.revision > (count?.revision ?? 0)) {
        count = read;
        upTo = read.upTo;
      }
      if (read.after === undefined || read.revision <= told) return false;
      const isMissing = read.after > told;
      told = read.revision;
      return isMissing;
    },
    view() {
      const list = events.map((event) => (isRead(event) === event.read ? event : { ...event, read: true }));
      const fresh = list.filter(({ id, read }) => !read && count && isAfter(id, count.at));
      return {
        unread: (count?.unread ?? 0) + fresh.length,
        more: count?.more ?? false,
        events: list,
        hasOlder: next !== undefined,
      };
    },
  };
}
