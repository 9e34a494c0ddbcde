import { type IncomingMessage, request } from 'node:http';
import { createSseDecoder } from '@tidings/protocol';
import type { Account } from './account.ts';
import type { Ledger } from './ledger.ts';
import type { Punctuality, Touch } from './punctuality.ts';

export interface SubscriberParts {
  readonly account: Account;
  readonly patterns: readonly string[];
  readonly ledger: Ledger;
  readonly punctuality: Punctuality;
  readonly token: string;
  /** The edge that a balancer would choose now; `undefined` while none is up. */
  edgeUrl(): string | undefined;
}

// What browsers wait for before a server has said anything else.
const FIRST_RETRY_MS = 3_000;
// A balancer finds another node for who was refused.
const REFUSED_MS = 200;

/**
 * A browser's EventSource (WHATWG HTML section 9.2), as seen from the hub: it keeps the last event id and the retry
 * delay, comes back after every end of a stream, to any edge, and gives up for good on any answer but an event stream.
 */
export class Subscriber {
  readonly account: Account;
  readonly #parts: SubscriberParts;
  readonly #query: string;
  #stream: IncomingMessage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #touch: Touch = { name: 'the first connection', endMs: 0 };
  #stopped = false;
  #isLive = false;
  /** The last event id: where it goes on. */
  cursor = '';
  /** Streams that were opened. */
  connections = 0;
  /** Why the hub closed streams, and how often; and how it refused for good. */
  readonly byes = new Map<string, number>();
  readonly refusals: string[] = [];
  /** When it came back after each end of a stream, `performance.now()`. */
  readonly returnsMs: number[] = [];

  constructor(parts: SubscriberParts) {
    this.account = parts.account;
    this.#parts = parts;
    this.#query = parts.patterns.map((pattern) => `topic=${encodeURIComponent(pattern)}`).join('&');
  }

  /** `hub.live` came on the stream that is open. */
  get isLive(): boolean {
    return this.#isLive;
  }

  get isStalled(): boolean {
    return this.#stream?.isPaused() === true;
  }

  connect(): void {
    if (this.#stopped) return;
    const url = this.#parts.edgeUrl();
    if (url === undefined) {
      this.#connectIn(REFUSED_MS);
      return;
    }
    const headers = {
      accept: 'text/event-stream',
      'cache-control': 'no-store',
      authorization: `Bearer ${this.#parts.token}`,
      ...(this.cursor !== '' && { 'last-event-id': this.cursor }),
    };
    let answered = false;
    const outgoing = request(`${url}/v1/stream?${this.#query}`, { agent: false, headers }, (incoming) => {
      answered = true;
      this.#read(incoming);
    });
    outgoing.on('error', () => {
      if (!answered) this.#connectIn(REFUSED_MS);
    });
    outgoing.end();
  }

  #connectIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.connect(), delayMs);
  }

  #read(incoming: IncomingMessage): void {
    const { statusCode, headers } = incoming;
    incoming.on('error', () => {});
    if (this.#stopped) return void incoming.destroy();
    if (statusCode !== 200 || headers['content-type']?.startsWith('text/event-stream') !== true) {
      this.refusals.push(`${statusCode} ${headers['content-type']}`);
      incoming.destroy();
      // A page would be dead now. Going on shows whether that was all that is wrong.
      this.#connectIn(this.#retryMs);
      return;
    }
    this.connections += 1;
    this.account.stream = this.connections;
    this.#stream = incoming;
    this.#touch = { name: 'a reconnect', endMs: performance.now() };
    this.returnsMs.push(this.#touch.endMs);
    const decoder = createSseDecoder({
      event: ({ event, data }) => this.#take(event, data),
      retry: (ms) => {
        this.#retryMs = ms;
      },
    });
    incoming.on('data', (bytes: Buffer) => {
      decoder.feed(bytes);
      // A new stream has none until the first block with one: browsers keep theirs.
      if (decoder.lastEventId !== '') this.cursor = decoder.lastEventId;
    });
    incoming.on('close', () => {
      this.#isLive = false;
      this.#stream = undefined;
      this.#connectIn(this.#retryMs);
    });
  }

  #take(event: string, data: string): void {
    const { account, ledger, punctuality } = this.#parts;
    if (event === 'hub.live') this.#isLive = true;
    else if (event === 'hub.gap') account.gap(data);
    else if (event === 'hub.bye') {
      const { reason } = JSON.parse(data) as { reason: string };
      this.byes.set(reason, (this.byes.get(reason) ?? 0) + 1);
    } else if (!event.startsWith('hub.')) {
      const delivered = account.take(data);
      if (delivered === undefined) return;
      const accepted = ledger.acceptance(delivered.topic, delivered.count);
      if (accepted !== undefined)
        punctuality.observe(accepted.atMs, this.#touch, () => `${account.name}, stream ${account.stream}`);
    }
  }

  /** Cuts its own connection, as a phone in a tunnel does. */
  cut(): void {
    this.#stream?.destroy();
  }

  /** Stops reading. */
  stall(): void {
    this.#stream?.pause();
  }

  /** Reads on. */
  resume(): void {
    if (!this.isStalled) return;
    this.#touch = { name: 'its own pause', endMs: performance.now() };
    this.#stream?.resume();
  }

  /** Leaves for good. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#stream?.destroy();
  }
}
