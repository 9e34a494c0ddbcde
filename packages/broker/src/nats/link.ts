import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { ConfigurationError, type Logger, type Metrics } from '@tidings/runtime';
import {
  Events,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type NatsError,
  type PublishOptions,
  type Subscription,
} from 'nats';
import type { BulkEntry, BulkSubscription } from './bulk-subscription.ts';
import { connectOnce, isRefusal } from './connection.ts';
import { away } from './jetstream-api.ts';
import type { NatsAccess } from './options.ts';

/** What is asked of a connection; its subscriptions outlive the socket. */
export interface LinkClient {
  /** @throws when nothing can be sent now. */
  publish(subject: string, payload?: Uint8Array | string, options?: PublishOptions): void;
  request(subject: string, payload: string, options: { timeout: number; headers?: MsgHdrs }): Promise<Msg>;
  subscribe(
    subject: string,
    options: { callback: (error: NatsError | null, message: Msg) => void },
  ): { unsubscribe(): void };
  /** Resolves when the server has taken everything so far. */
  flush(): Promise<void>;
  isClosed(): boolean;
}

/** One connection to the cluster, for one purpose: a burst of history must not hold up what is live. */
export interface Link {
  readonly name: LinkName;
  readonly client: LinkClient;
  readonly connected: boolean;
  /** It was ended: nothing will be answered any more. */
  readonly closed: boolean;
  /** Runs when the connection breaks. */
  onLost(run: () => void): void;
  /** Runs after each reconnect, when every subscription stands again. */
  onReconnect(run: () => void): void;
  /** Subscribes to what can hold very many, now and after each reconnect. */
  subscribeInBulk(bulk: Bulk): void;
  close(): Promise<void>;
}

type Bulk = Pick<BulkSubscription<BulkEntry>, 'attach' | 'detach'>;

export type LinkName = 'live' | 'replay' | 'publish' | 'control' | 'work';

export interface LinkParts {
  readonly access: NatsAccess;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The servers that the other connections of this process are on: one that is free is better. */
  taken(): ReadonlySet<string>;
  /** It was connected to a server, or lost its connection. */
  onChange(server: string | undefined): void;
}

const LINK_ORDER: readonly LinkName[] = ['live', 'replay', 'publish', 'control', 'work'];
const FLUSH_MS = 1_000;
const REDIAL_MS = 250;
const REPORT_EVERY_MS = 5_000;
const SPREAD_EVERY_MS = 10_000;
// Spreads the first servers of many processes; the links of one process still begin at different ones.
const OFFSET = Math.floor(Math.random() * 1_000);

/**
 * Dials until it is connected, and dials again whenever the connection breaks.
 * @throws ConfigurationError for what waiting can't mend: credentials that are refused, a server that is too old.
 * @throws the signal's reason when it is aborted first.
 */
export async function dial(name: LinkName, parts: LinkParts, signal: AbortSignal): Promise<Link> {
  const link = new DialledLink(name, parts);
  await link.open(signal);
  // It was not wanted any more while its first connection was made ready.
  if (signal.aborted) await link.close();
  signal.throwIfAborted();
  return link;
}

interface Standing {
  readonly subject: string;
  readonly callback: (error: NatsError | null, message: Msg) => void;
  now: Subscription | undefined;
}

class DialledLink implements Link {
  readonly name: LinkName;
  readonly client: LinkClient;
  readonly #parts: LinkParts;
  readonly #closing = new AbortController();
  readonly #whenLost: (() => void)[] = [];
  readonly #afterwards: (() => void)[] = [];
  readonly #standing = new Set<Standing>();
  readonly #bulks = new Set<Bulk>();
  #socket: NatsConnection | undefined = undefined;
  #server: string | undefined = undefined;
  #spreading: NodeJS.Timeout | undefined = undefined;

  constructor(name: LinkName, parts: LinkParts) {
    this.name = name;
    this.#parts = parts;
    const now = (): NatsConnection => {
      if (this.#socket === undefined) throw away('the connection is lost');
      return this.#socket;
    };
    this.client = {
      publish: (subject, payload, options) => now().publish(subject, payload, options),
      request: async (subject, payload, options) => now().request(subject, payload, options),
      flush: async () => now().flush(),
      isClosed: () => this.closed,
      subscribe: (subject, { callback }) => {
        const standing: Standing = { subject, callback, now: this.#socket?.subscribe(subject, { callback }) };
        this.#standing.add(standing);
        return {
          unsubscribe: () => {
            this.#standing.delete(standing);
            if (this.connected) standing.now?.unsubscribe();
          },
        };
      },
    };
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  onLost(run: () => void): void {
    this.#whenLost.push(run);
  }

  onReconnect(run: () => void): void {
    this.#afterwards.push(run);
  }

  subscribeInBulk(bulk: Bulk): void {
    this.#bulks.add(bulk);
    if (this.#socket !== undefined) bulk.attach(this.#socket)();
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#dialUntil(signal, true);
    this.#spreading = setInterval(() => void this.#spread(), SPREAD_EVERY_MS).unref();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.#closing.abort(away('this process is closing'));
    clearInterval(this.#spreading);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    // What was published last must go out; a server that does not answer is not waited for.
    await within(FLUSH_MS, socket.flush());
    // A write that fails in this turn is still the client's to handle: once closed, it has nobody who listens.
    await nextTurn();
    await socket.close();
  }

  async #dialUntil(signal: AbortSignal, first: boolean): Promise<void> {
    const { access, log } = this.#parts;
    let reportedMs = Number.NEGATIVE_INFINITY;
    while (true) {
      let refusals = 0;
      let reason = '';
      const candidates = this.#candidates();
      for (const server of candidates) {
        signal.throwIfAborted();
        try {
          const socket = await connectOnce(this.name, server, access);
          if (signal.aborted) await socket.close();
          else if (await this.#install(socket, server, first)) return;
        } catch (error) {
          if (error instanceof ConfigurationError && first) throw error;
          if (isRefusal(error)) refusals += 1;
          reason = (error as { code?: string }).code ?? `${error}`;
        }
      }
      // A password that is being changed, server by server, refuses for a while: that must not end a process that serves.
      if (refusals === candidates.length && first) throw refusal(access);
      if (performance.now() - reportedMs > REPORT_EVERY_MS) {
        reportedMs = performance.now();
        log.warn({ link: this.name, servers: access.servers, reason }, 'waiting for the broker');
      }
      await pause(REDIAL_MS * (1 + Math.random()), undefined, { signal }).catch(() => {});
    }
  }

  // Those that no other connection of this process is on come first, and the one that was lost comes last.
  #candidates(): string[] {
    const { access, taken } = this.#parts;
    const { servers } = access;
    const start = (OFFSET + LINK_ORDER.indexOf(this.name)) % servers.length;
    const rotated = [...servers.slice(start), ...servers.slice(0, start)];
    const used = taken();
    const rank = (server: string): number => (server === this.#server ? 2 : used.has(server) ? 1 : 0);
    return rotated.sort((one, other) => rank(one) - rank(other));
  }

  // Answers whether the connection lived until every subscription stood.
  async #install(socket: NatsConnection, server: string, first: boolean): Promise<boolean> {
    const { log, metrics, onChange } = this.#parts;
    const subscribe = ({ subject, callback }: Standing): Subscription => socket.subscribe(subject, { callback });
    const subscriptions = new Map([...this.#standing].map((standing) => [standing, subscribe(standing)]));
    const bulks = new Map([...this.#bulks].map((bulk) => [bulk, bulk.attach(socket)]));
    await within(FLUSH_MS, socket.flush());
    if (socket.isClosed() || this.closed) {
      if (!socket.isClosed()) await socket.close();
      return false;
    }
    // Given up meanwhile, or come meanwhile.
    for (const [standing, subscription] of subscriptions) if (!this.#standing.has(standing)) subscription.unsubscribe();
    for (const standing of this.#standing) standing.now = subscriptions.get(standing) ?? subscribe(standing);
    for (const bulk of this.#bulks) (bulks.get(bulk) ?? bulk.attach(socket))();
    const before = this.#socket;
    this.#socket = socket;
    this.#server = server;
    onChange(server);
    void this.#watch(socket);
    void socket.closed().then(() => this.#onEnd(socket, server));
    if (before !== undefined && !before.isClosed()) void before.close().catch(() => {});
    metrics.brokerReconnects.inc({ link: this.name }, first ? 0 : 1);
    if (first) return true;
    log.info({ link: this.name, server }, 'broker connection is back');
    // Whatever they throw is no fault of the connection.
    queueMicrotask(() => {
      for (const run of this.#afterwards) run();
    });
    return true;
  }

  async #watch(socket: NatsConnection): Promise<void> {
    const reportedMs = new Map<string, number>();
    for await (const { type, data, permissionContext } of socket.status()) {
      if (type !== Events.Error) continue;
      const { operation, subject } = permissionContext ?? {};
      // What is refused is tried again with every event, or for each of thousands of topics.
      const kind = `${data} ${operation} ${subject?.split('.', 2).join('.')}`;
      const nowMs = performance.now();
      if (nowMs - (reportedMs.get(kind) ?? Number.NEGATIVE_INFINITY) < REPORT_EVERY_MS) continue;
      reportedMs.set(kind, nowMs);
      this.#parts.log.error({ link: this.name, code: `${data}`, operation, subject }, 'broker reports an error');
    }
  }

  #onEnd(socket: NatsConnection, server: string): void {
    // Another has taken its place already.
    if (socket !== this.#socket || this.closed) return;
    this.#socket = undefined;
    for (const bulk of this.#bulks) bulk.detach();
    this.#parts.onChange(undefined);
    for (const run of this.#whenLost) run();
    this.#parts.log.warn({ link: this.name, server }, 'broker connection lost');
    // It ends with the link, and not before it is connected.
    void this.#dialUntil(this.#closing.signal, false).catch(() => {});
  }

  // After servers were away all links may be on the one that was left, and a fault of that one would stop them all.
  async #spread(): Promise<void> {
    const { access, taken } = this.#parts;
    if (this.name !== 'replay' || this.#socket === undefined || !taken().has(this.#server ?? '')) return;
    const free = access.servers.filter((server) => !taken().has(server));
    for (const server of free) {
      const socket = await connectOnce(this.name, server, access).catch(() => undefined);
      if (socket === undefined) continue;
      if (this.#socket === undefined || this.closed) return void (await socket.close());
      if (await this.#install(socket, server, false)) return;
    }
  }
}

function refusal({ credsFile }: NatsAccess): ConfigurationError {
  const names = credsFile === undefined ? 'TIDINGS_NATS_USER, TIDINGS_NATS_PASSWORD' : 'TIDINGS_NATS_CREDS';
  return new ConfigurationError([`${names}: the NATS server refuses these credentials`]);
}

/** Waits for something that need not come: whatever becomes of it, nobody is told. */
export async function within(timeoutMs: number, coming: Promise<unknown>): Promise<void> {
  const aborter = new AbortController();
  const late = pause(timeoutMs, undefined, { signal: aborter.signal }).catch(() => {});
  await Promise.race([coming.catch(() => {}), late]);
  aborter.abort();
}
