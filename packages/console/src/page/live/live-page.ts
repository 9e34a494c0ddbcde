import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import '../copy-button.ts';
import { ConsolePage } from '../console-page.ts';
import { renderDetail } from './event-detail.ts';
import './event-list.ts';
import { createEventLog, type EventLog, LOG_BOUNDS } from './event-log.ts';
import { type LiveEntry, toEntryFilter } from './live-entry.ts';
import { createLiveFeed, type LiveFeed } from './live-feed.ts';
import { parseLiveAddress, type Replay, toLiveAddress } from './topic-address.ts';
import { renderTopicForm } from './topic-form.ts';

/** Events as they come. Handlers only take note of them; the page is drawn once in a frame, whatever their number. */
class LivePage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    ...ConsolePage.properties,
    version: { state: true },
    perSecond: { state: true },
    selected: { state: true },
  };
  declare private version: number;
  declare private perSecond: number;
  declare private selected: LiveEntry | undefined;
  readonly #log: EventLog = createEventLog();
  #feed: LiveFeed | undefined;
  #replay: Replay = 'none';
  #frame: number | undefined;

  constructor() {
    super();
    this.version = 0;
    this.perSecond = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    let received = 0;
    const timer = setInterval(() => {
      const now = this.#feed?.received ?? 0;
      this.perSecond = Math.max(0, now - received);
      received = now;
    }, 1_000);
    this.onAddress(this.#followAddress);
    this.onLeave(() => {
      clearInterval(timer);
      this.#feed?.close();
      if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    });
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has('hub')) return;
    this.#feed?.close();
    this.#feed = createLiveFeed({
      tidings: this.hub.tidings,
      log: this.#log,
      changed: this.#draw,
      now: Date.now,
    });
    this.#followAddress();
  }

  readonly #draw = (): void => {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.version += 1;
    });
  };

  readonly #followAddress = (): void => {
    if (!/^#\/live(\?|$)/.test(location.hash)) return;
    const { topics, replay } = parseLiveAddress(location.hash);
    this.#replay = replay;
    for (const { topic } of this.#feed?.topics ?? []) if (!topics.includes(topic)) this.#feed?.leave(topic);
    const present = new Set(this.#feed?.topics.map(({ topic }) => topic));
    for (const topic of topics) if (!present.has(topic)) this.#feed?.follow(topic, replay);
  };

  // Not by `location.hash`, which would be another entry of the history for each topic, and move the focus.
  #noteAddress(): void {
    const topics = this.#feed?.topics.map(({ topic }) => topic) ?? [];
    history.replaceState(null, '', toLiveAddress({ topics, replay: this.#replay }));
  }

  readonly #add = (topics: readonly string[], replay: Replay): void => {
    this.#replay = replay;
    for (const topic of topics) this.#feed?.follow(topic, replay);
    this.#noteAddress();
  };

  readonly #remove = (topic: string): void => {
    this.#feed?.leave(topic);
    this.#noteAddress();
  };

  readonly #pause = (): void => {
    if (this.#log.isPaused) this.#log.resume();
    else this.#log.pause();
    this.version += 1;
  };

  readonly #clear = (): void => {
    this.#log.clear();
    this.#feed?.forget();
    this.selected = undefined;
    this.version += 1;
  };

  readonly #filter = (event: Event): void => {
    this.#log.setFilter(toEntryFilter((event.currentTarget as HTMLInputElement).value));
    this.version += 1;
  };

  readonly #select = (event: CustomEvent<LiveEntry>): void => {
    this.selected = event.detail;
  };

  protected override render(): TemplateResult {
    const { isPaused } = this.#log;
    return html`
      ${renderTopicForm(this.#feed?.topics ?? [], this.#replay, { add: this.#add, remove: this.#remove })}
      <section class="panel" aria-label="Events">
        ${this.#renderCounters()}
        <div class="row event-tools">
          <label>Filter by topic, name or data
            <input type="search" autocomplete="off" spellcheck="false" @input=${this.#filter}>
          </label>
          <button type="button" class="plain" @click=${this.#pause}>${isPaused ? 'Resume' : 'Pause'}</button>
          <button type="button" class="plain" @click=${this.#clear}>Clear</button>
          <span role="status">${isPaused ? 'Paused' : nothing}</span>
          ${isPaused ? html`<span class="quiet number">${this.#log.waiting} wait</span>` : nothing}
        </div>
        <event-list .log=${this.#log} .version=${this.version} .selected=${this.selected}
          @entry-selected=${this.#select}></event-list>
        <details class="quiet">
          <summary>What the columns say</summary>
          <p>Bytes are those of the data as UTF-8, JSON without spaces. Latency is from the hub’s clock, when it took the
            event, to the clock of this machine, when it arrived: clocks differ, so it may be off by that, and below 0. What
            is replayed has none. The newest ${LOG_BOUNDS.maxEntries.toLocaleString('en')} events are kept,
            of ${LOG_BOUNDS.maxBytes / 1_000_000} MB of data.</p>
        </details>
      </section>
      ${guard([this.selected], () => (this.selected === undefined ? nothing : renderDetail(this.selected, location.origin)))}
    `;
  }

  #renderCounters(): TemplateResult {
    const { received = 0, bytes = 0 } = this.#feed ?? {};
    const counters = {
      Received: received,
      'Per second': this.perSecond,
      Bytes: bytes,
      Shown: this.#log.shown.length,
      'Dropped from view': this.#log.dropped,
    };
    return html`
      <dl class="counters">
        ${Object.entries(counters).map(
          ([name, count]) => html`<div><dt>${name}</dt><dd class="number">${count.toLocaleString('en')}</dd></div>`,
        )}
      </dl>
    `;
  }
}

customElements.define('live-page', LivePage);
