import { type Message, TidingsError } from '@tidings/protocol';
import type { TraceContext } from '@tidings/runtime';
import type { Broker, FeedSink, HistoryPage, PublishInput, Selection } from '../port.ts';

/** A stored, unnamed text event; `change` says what is different. */
export function eventOf(topic: string, text: string, change: Partial<PublishInput> = {}): PublishInput {
  const plain: PublishInput = {
    tenant: 'default',
    topic,
    event: '',
    data: Buffer.from(text),
    json: false,
    final: false,
    exclude: '',
    store: true,
    id: '',
    ttlSec: 0,
  };
  return { ...plain, ...change };
}

export function selectionOf(...patterns: string[]): Selection {
  return { tenant: 'default', patterns };
}

export function textOf(message: Message): string {
  return Buffer.from(message.data).toString();
}

/** A sink that writes down all it is told. */
export interface RecordingSink extends FeedSink {
  readonly calls: string[];
  readonly messages: Message[];
  /** The spans that they were published by. */
  readonly traces: (TraceContext | undefined)[];
  /** Resolves once `count` messages have come. */
  received(count: number): Promise<void>;
}

export function createRecordingSink(): RecordingSink {
  const calls: string[] = [];
  const messages: Message[] = [];
  const traces: (TraceContext | undefined)[] = [];
  let waiting: { count: number; resolve: () => void } | undefined;
  return {
    calls,
    messages,
    traces,
    start: (_epoch, head) => void calls.push(`start ${head}`),
    message(message, trace) {
      calls.push(`message ${message.seq}`);
      messages.push(message);
      traces.push(trace);
      if (waiting !== undefined && messages.length >= waiting.count) waiting.resolve();
    },
    restart: (_epoch, head) => void calls.push(`restart ${head}`),
    purged: (selection, through) => void calls.push(`purged ${selection.patterns.join()} ${through}`),
    received(count) {
      if (messages.length >= count) return Promise.resolve();
      return new Promise((resolve) => {
        waiting = { count, resolve };
      });
    },
  };
}

/** Opens the feed, and has all topics of the tenants that cases publish for fed to it. */
export async function openFeedOfAll(broker: Broker, sink: FeedSink): Promise<void> {
  await broker.openFeed(sink);
  for (const tenant of ['default', 'acme']) await broker.follow({ tenant, patterns: ['>'] });
}

/** Drains pages and checks what every page must keep: ascending, within the range, `through` never falling. */
export async function collect(pages: AsyncIterable<HistoryPage>): Promise<Message[]> {
  const messages: Message[] = [];
  let through = 0;
  for await (const page of pages) {
    for (const message of page.messages) {
      const previous = messages.at(-1)?.seq ?? 0;
      if (message.seq <= previous) throw new Error(`history went back from ${previous} to ${message.seq}`);
      if (message.seq > page.through) throw new Error(`a page through ${page.through} holds ${message.seq}`);
      messages.push(message);
    }
    if (page.through < through) throw new Error(`through fell from ${through} to ${page.through}`);
    through = page.through;
  }
  return messages;
}

/** The texts of all that history holds for the patterns. */
export async function readAll(broker: Broker, ...patterns: string[]): Promise<string[]> {
  const { last } = await broker.bounds();
  const range = { after: 0, upTo: last };
  const messages = await collect(broker.history(selectionOf(...patterns), range, AbortSignal.timeout(10_000)));
  return messages.map(textOf);
}

/** Matches a `TidingsError` of the code, for `assert.rejects`. */
export function withCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof TidingsError && error.code === code;
}
