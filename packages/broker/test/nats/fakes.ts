import type { MsgHdrs, NatsConnection, PublishOptions } from 'nats';
import type { DirectMessage, DirectReply } from '../../src/nats/direct-get.ts';
import type { Link } from '../../src/nats/link.ts';
import type { RawMessage } from '../../src/nats/raw-message.ts';
import type { ReplyInbox } from '../../src/nats/reply-inbox.ts';

/** What was handed to the client of a fake link. */
interface Sent {
  readonly subject: string;
  readonly text: string;
  readonly headers: MsgHdrs | undefined;
  readonly reply: string;
}

/** A connection that writes down what is published on it, and breaks when it is told to. */
export interface FakeLink {
  readonly link: Link;
  readonly sent: Sent[];
  /** The client throws this from now on, and takes nothing; `undefined` mends it. */
  fail(error: Error | undefined): void;
  disconnect(): void;
  reconnect(): void;
}

export function createFakeLink(): FakeLink {
  const sent: Sent[] = [];
  const afterwards: (() => void)[] = [];
  let connected = true;
  let failure: Error | undefined;
  const client = {
    publish(subject: string, data: string | Uint8Array, { headers, reply = '' }: PublishOptions = {}) {
      if (failure !== undefined) throw failure;
      sent.push({ subject, text: Buffer.from(data as Uint8Array).toString(), headers, reply });
    },
  } as unknown as NatsConnection;
  return {
    sent,
    fail(error) {
      failure = error;
    },
    disconnect() {
      connected = false;
    },
    reconnect() {
      connected = true;
      for (const run of afterwards) run();
    },
    link: {
      name: 'publish',
      client,
      closed: false,
      get connected() {
        return connected;
      },
      onLost() {},
      subscribeInBulk() {},
      onReconnect: (run) => void afterwards.push(run),
      close: async () => {},
    },
  };
}

/** An inbox whose replies a test gives. */
export interface FakeInbox {
  readonly inbox: ReplyInbox;
  /** Addresses that are open. */
  readonly open: number;
  /** A reply to an address that was closed goes nowhere, as with the real one. */
  reply(subject: string, headers: string, data?: string | Buffer): void;
}

export function createFakeInbox(): FakeInbox {
  const waiting = new Map<string, (reply: RawMessage) => void>();
  let count = 0;
  return {
    get open() {
      return waiting.size;
    },
    reply: (subject, headers, data = '') =>
      waiting.get(subject)?.({ subject, headers, data: typeof data === 'string' ? Buffer.from(data) : data }),
    inbox: {
      open(onReply) {
        count += 1;
        const subject = `_INBOX.fake.${count}`;
        waiting.set(subject, onReply);
        return { subject, close: () => void waiting.delete(subject) };
      },
    },
  };
}

/** A header block as the server writes it; `status` such as `204 EOB`, or empty. */
export function headerBlock(status: string, fields: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `NATS/1.0${status === '' ? '' : ` ${status}`}\r\n${lines.join('')}\r\n`;
}

/** A stored message as a replica gives it. */
export function directMessage(seq: number, bytes = 1): DirectMessage {
  return { seq, subject: 'evt.0.t.a', headers: headerBlock('', { 'Nats-Sequence': seq }), data: Buffer.alloc(bytes) };
}

/** A reply that came whole; `change` says what is different. */
export function wholeReply(seqs: readonly number[], change: Partial<DirectReply> = {}): DirectReply {
  const messages = seqs.map((seq) => directMessage(seq));
  return { messages, status: seqs.length === 0 ? 404 : 204, whole: true, pending: 0, upTo: 0, ...change };
}

/** One turn of the event loop: every promise that could go on has gone on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
