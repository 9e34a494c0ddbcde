import { createInbox } from 'nats';
import type { LinkClient } from './link.ts';
import { type RawMessage, toRawMessage } from './raw-message.ts';

/** Receives replies under one subscription: opening an address costs a map entry and no word to the server. */
export interface ReplyInbox {
  /** A subject for one request; `onReply` gets whatever comes to it until it is closed. */
  open(onReply: (reply: RawMessage) => void): ReplyAddress;
}

export interface ReplyAddress {
  readonly subject: string;
  close(): void;
}

/** @param inboxPrefix what the permissions of the process's role let it subscribe to. */
export function createReplyInbox(
  client: LinkClient,
  inboxPrefix: string,
  onFault: (error: unknown) => void,
): ReplyInbox {
  const prefix = `${createInbox(inboxPrefix)}.`;
  const waiting = new Map<string, (reply: RawMessage) => void>();
  let count = 0;
  client.subscribe(`${prefix}*`, {
    callback(error, message) {
      // A throw in here would end the client's reader for good, without a reconnect.
      try {
        if (error !== null) throw error;
        const raw = toRawMessage(message);
        waiting.get(raw.subject.slice(prefix.length))?.(raw);
      } catch (fault) {
        onFault(fault);
      }
    },
  });
  return {
    open(onReply) {
      count += 1;
      const key = count.toString(36);
      waiting.set(key, onReply);
      return { subject: prefix + key, close: () => void waiting.delete(key) };
    },
  };
}
