import { randomUUID } from 'node:crypto';
import { type Clock, systemClock, type TraceContext } from '@tidings/runtime';
import { EVERYTHING } from '../everything.ts';
import type {
  Broker,
  BrokerHealth,
  FeedSink,
  HistoryPage,
  Interest,
  PublishInput,
  Receipt,
  Selection,
} from '../port.ts';
import type { Schedules } from '../schedule-port.ts';
import { createEventWriter, type EventWriter } from './event-writer.ts';
import { createWholeScope, type FeedScope } from './feed-scope.ts';
import { createFollowing, type Following } from './following.ts';
import { createInterestScope } from './interest-scope.ts';
import {
  asUnavailable,
  away,
  createJetStreamApi,
  type JetStreamApi,
  type StreamInfo,
  whileAway,
} from './jetstream-api.ts';
import type { Link } from './link.ts';
import { createLinks, type Links } from './links.ts';
import type { LiveFeed } from './live-feed.ts';
import { createLogWatch, type LogWatch } from './log-watch.ts';
import type { NatsBrokerOptions } from './options.ts';
import { createScheduling, type Scheduling, type SchedulingParts } from './scheduling.ts';
import { toEventPlan } from './stream-config.ts';
import { awaitStream } from './stream-setup.ts';

const REPLACED = 'the log was replaced while it was read';
const BOUNDS_MS = 60_000;
const SETTLE_MS = 5_000;
// Two checks of the log, and some: shorter than a publisher waits.
const SILENT_MS = 12_000;

/**
 * The broker on NATS JetStream: one stream holds the log, the server republishes what it stores to the feeds of all
 * processes, and every read back is proven complete. Durable means that a quorum of the stream's servers has the event.
 * `open` waits until a server answers and the stream exists.
 * @throws ConfigurationError from `open`: refused credentials, a server too old, a stream that can't work.
 */
export function createNatsBroker(options: NatsBrokerOptions): Broker {
  if (options.servers.length === 0) throw new TypeError('createNatsBroker({ servers }): name at least one server');
  return new NatsBroker(options);
}

/** What stands once the broker is open. */
interface Opened {
  readonly main: Link;
  readonly api: JetStreamApi;
  readonly watch: LogWatch;
  /** Only of a role that publishes. */
  readonly writer: EventWriter | undefined;
  readonly scheduling: Scheduling | undefined;
}

class NatsBroker implements Broker {
  readonly #options: NatsBrokerOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  readonly #links: Links;
  #opened: Opened | undefined = undefined;
  #feed: LiveFeed | undefined = undefined;
  #following: Following | undefined = undefined;
  #scope: FeedScope | undefined = undefined;
  readonly #asking = new Set<AbortController>();
  #feedAsked = false;
  #doubting = false;

  constructor(options: NatsBrokerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#links = createLinks(options, this.#closing.signal);
  }

  get epoch(): string {
    return this.#open().watch.epoch;
  }

  async open(): Promise<void> {
    const { role } = this.#options;
    // An edge may only read, and reads apart from what is live.
    const main = await this.#links.open(role === 'edge' ? 'replay' : 'publish');
    const api = createJetStreamApi(main.client);
    const first = await awaitStream(api, toEventPlan(this.#options), this.#options, this.#closing.signal);
    const { log, metrics } = this.#options;
    const watch = createLogWatch({
      api,
      first,
      clock: this.#clock,
      log,
      metrics,
      position: () => this.position(),
      onEpoch: (epoch, info) => this.#onEpoch(epoch, info),
    });
    // What the leader said before may be long ago, as the health of this process has it.
    main.onReconnect(() => void watch.ask().catch(() => {}));
    const publishes = role === 'ingest' || role === 'hub';
    const inbox = publishes ? this.#links.createInbox(main) : undefined;
    const writer = inbox && createEventWriter({ link: main, inbox, api, watch, clock: this.#clock, log, metrics });
    const parts = { options: this.#options, link: main, watch, clock: this.#clock };
    const patiently: SchedulingParts['patiently'] = (ask) => this.#whileAway(SETTLE_MS, ask);
    const scheduling = writer && inbox && createScheduling({ ...parts, inbox, writer, patiently });
    this.#opened = { main, api, watch, writer, scheduling };
    scheduling?.start();
  }

  get schedules(): Schedules {
    const { scheduling } = this.#open();
    if (scheduling === undefined) throw new TypeError('an edge has no schedules');
    return scheduling.schedules;
  }

  async publish(input: PublishInput, trace?: TraceContext): Promise<Receipt> {
    return this.#write().publish(input, trace);
  }

  async openFeed(sink: FeedSink): Promise<void> {
    const { watch } = this.#open();
    if (this.#feedAsked) throw new TypeError('openFeed(sink): a process has one feed, and it is open already');
    this.#feedAsked = true;
    try {
      await this.#startFollowing(sink, watch);
    } catch (error) {
      this.#feedAsked = false;
      throw error;
    }
  }

  async #startFollowing(sink: FeedSink, watch: LogWatch): Promise<void> {
    const live = await this.#links.open('live');
    const replay = await this.#links.open('replay');
    const scope =
      this.#options.feed === 'interest'
        ? createInterestScope({
            live,
            clock: this.#clock,
            signal: this.#closing.signal,
            read: (signal) => (filters, range) => this.#follow().reader.newestOf(filters, range, signal),
            begin: async (upTo) => {
              const { state } = await watch.ask();
              if (state.last_seq < upTo) throw away('the leader is behind');
              return state.messages === 0 ? state.last_seq + 1 : state.first_seq;
            },
          })
        : createWholeScope(live);
    this.#scope = scope;
    this.#options.metrics.feedSubscriptions.from(() => scope.subscriptions);
    this.#following = await createFollowing({
      live,
      replay,
      scope,
      inbox: this.#links.createInbox(replay),
      watch,
      sink,
      id: randomUUID(),
      clock: this.#clock,
      log: this.#options.log,
      metrics: this.#options.metrics,
      repair: this.#options.repair ?? true,
      traces: this.#options.traces ?? false,
      onFeed: (feed) => {
        this.#feed = feed;
      },
      onRegress: (rewritten) => void this.#onRegress(rewritten),
      signal: this.#closing.signal,
    });
  }

  position(): number {
    return this.#feed?.position ?? 0;
  }

  follow(selection: Selection): Interest | Promise<Interest> {
    return this.#scope?.follow(selection) ?? EVERYTHING;
  }

  /** `first` rises with what expires or is erased at the oldest end as well: a cursor before it is told so. */
  async bounds(): Promise<{ first: number; last: number }> {
    const { watch } = this.#open();
    const ask = async (): Promise<StreamInfo> => {
      const position = this.position();
      const info = await watch.ask();
      // One that was deposed and does not know it yet: where its log begins is old, too.
      if (info.state.last_seq < position && !watch.tailLost) throw away('the leader is behind');
      return info;
    };
    const { state } = await this.#whileAway(BOUNDS_MS, ask).catch(asUnavailable);
    const last = Math.max(state.last_seq, this.position());
    return { first: state.messages === 0 ? last + 1 : state.first_seq, last };
  }

  history: Broker['history'] = (selection, range, signal) =>
    this.#sameLog(this.#follow().reader.history(selection, range, signal));

  latest: Broker['latest'] = (selection, range, signal) =>
    this.#sameLog(this.#follow().reader.latest(selection, range, signal));

  startOf: Broker['startOf'] = async (selection, start, upTo, signal) => {
    const { watch } = this.#open();
    const { epoch } = watch;
    const place = await this.#follow().reader.startOf(selection, start, upTo, signal).catch(asUnavailable);
    if (watch.epoch !== epoch) throw away(REPLACED);
    return place;
  };

  async purge(selection: Selection): Promise<void> {
    // First: what was published of them until then lies before the purge.
    await this.schedules.erase(selection);
    return this.#write().purge(selection, (ask) => this.#whileAway(SETTLE_MS, ask).catch(asUnavailable));
  }

  health(): BrokerHealth {
    const silentMs = this.#opened?.watch.silentMs ?? 0;
    const ready =
      this.#opened?.main.connected === true && silentMs < SILENT_MS && !this.#opened.watch.tailLost && !this.#closed;
    return {
      live: !this.#closed,
      ready,
      detail: {
        kind: 'nats',
        connections: `${this.#links.connected} of ${this.#links.count}`,
        ...(this.#opened !== undefined && { epoch: this.#opened.watch.epoch, leaderSilentMs: Math.round(silentMs) }),
        ...(this.#following !== undefined && { position: this.position() }),
        ...(this.#scope?.listensToIndex && { feed: 'interest', subscriptions: this.#scope.subscriptions }),
      },
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closing.abort(away('this process is closing'));
    for (const asking of this.#asking) asking.abort();
    this.#opened?.watch.close();
    await Promise.all([this.#opened?.scheduling?.close(SETTLE_MS), this.#opened?.writer?.settle(SETTLE_MS)]);
    this.#opened?.writer?.close();
    this.#following?.close();
    await this.#links.close();
  }

  // Asks again while nobody answers, for so long, and no longer than this process goes on.
  async #whileAway<Answer>(timeoutMs: number, ask: () => Promise<Answer>): Promise<Answer> {
    const asking = new AbortController();
    this.#asking.add(asking);
    const timer = this.#clock.after(timeoutMs, () => asking.abort());
    try {
      return await whileAway(ask, asking.signal);
    } finally {
      timer.cancel();
      this.#asking.delete(asking);
    }
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #open(): Opened {
    if (this.#opened === undefined || this.#closed) throw away('it is not open');
    return this.#opened;
  }

  #write(): EventWriter {
    const { writer } = this.#open();
    if (writer === undefined) throw new TypeError('an edge does not publish, and does not purge');
    return writer;
  }

  #follow(): Following {
    this.#open();
    if (this.#following === undefined) throw new TypeError('open the feed first: reads need to know how far it came');
    return this.#following;
  }

  #onEpoch(epoch: string, { state }: StreamInfo): void {
    this.#opened?.writer?.restart();
    this.#feed?.restart(epoch, state.last_seq);
  }

  // A repetition after a change of leader is harmless; another message in the place of one that was fed is not: whoever
  // has that one must be told, and what was written over it can't be told apart from what was there.
  async #onRegress(rewritten: boolean): Promise<void> {
    const watch = this.#opened?.watch;
    // It was said already, and every further message would say it again.
    if (watch === undefined || watch.tailLost || this.#closed) return;
    if (!rewritten) return void (await watch.ask().catch(() => {}));
    if (this.#doubting) return;
    this.#doubting = true;
    const { epoch } = watch;
    // Another log has other messages in those places: whether it is one, the leader must say, however long that takes.
    const info = await this.#whileAway(BOUNDS_MS, () => watch.ask()).catch(() => undefined);
    this.#doubting = false;
    if (info === undefined || watch.epoch !== epoch || watch.tailLost || this.#closed) return;
    watch.noteTailLost();
    this.#feed?.restart(epoch, info.state.last_seq);
  }

  // A page of another log than the one that was asked for would be believed to be of this one.
  async *#sameLog(pages: AsyncIterable<HistoryPage>): AsyncGenerator<HistoryPage> {
    const { watch } = this.#open();
    const { epoch } = watch;
    try {
      for await (const page of pages) {
        if (watch.epoch !== epoch) throw away(REPLACED);
        yield page;
      }
    } catch (error) {
      asUnavailable(error);
    }
  }
}
