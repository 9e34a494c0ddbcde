import type { SessionView } from '@tidings/protocol/client';
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import { formatClock, formatCount } from '../quantity.ts';
import './drain-list.ts';
import { createRefresh } from './refresh.ts';
import './session-detail.ts';
import {
  type SearchFault,
  type SessionFilter,
  type SessionPage,
  toListPath,
  toSearchFault,
  toSessionPath,
} from './session-list.ts';
import { renderSessions } from './session-table.ts';

const REFRESH_MS = 2_000;
const EVERYTHING: SessionFilter = { user: '', topic: '' };

/** Open streams over all edges: who, what, how far. One of them in full, and closed if need be. */
class SessionsPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    page: { state: true },
    loadedMs: { state: true },
    fault: { state: true },
    found: { state: true },
    isRefreshing: { state: true },
    selected: { state: true },
    hasEnded: { state: true },
  };
  declare private page: SessionPage | undefined;
  declare private loadedMs: number;
  declare private fault: SearchFault | undefined;
  /** Said once, after a search. */
  declare private found: string;
  declare private isRefreshing: boolean;
  declare private selected: SessionView | undefined;
  declare private hasEnded: boolean;
  #filter = EVERYTHING;
  /** The `after` of this page and of those before it. */
  #afters: readonly string[] = [''];
  #hadFocus = false;
  readonly #refresh = createRefresh({
    run: (signal) => this.#load(signal),
    isWanted: () => this.isRefreshing && !document.hidden,
    everyMs: REFRESH_MS,
  });

  constructor() {
    super();
    this.found = '';
    this.loadedMs = 0;
    this.isRefreshing = true;
    this.hasEnded = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#refresh.resume);
    this.onLeave(() => {
      document.removeEventListener('visibilitychange', this.#refresh.resume);
      this.#refresh.end();
    });
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('hub')) {
      this.selected = undefined;
      void this.#search(EVERYTHING);
    }
    this.#hadFocus = this.querySelector('tbody')?.contains(document.activeElement) === true;
  }

  protected override updated(): void {
    // The row that had it is gone: what follows by keyboard begins in the table, and not at the top of the page.
    if (this.#hadFocus && document.activeElement === document.body) this.querySelector<HTMLElement>('.list')?.focus();
  }

  async #search(filter: SessionFilter, afters: readonly string[] = ['']): Promise<void> {
    this.#filter = filter;
    this.#afters = afters;
    this.found = '';
    await this.#refresh.now();
    if (this.page !== undefined && this.fault === undefined) this.found = describeCount(this.page);
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const path = toListPath(this.#filter, this.#afters.at(-1) ?? '');
      const [answer] = await Promise.all([this.hub.request('GET', path, { signal }), this.#loadSelected()]);
      if (signal.aborted) return;
      this.loadedMs = Date.now();
      this.fault = answer.ok ? undefined : toSearchFault(answer);
      if (answer.ok) this.page = answer.body as SessionPage;
    } catch (error) {
      if (!signal.aborted) this.fault = { field: undefined, text: (error as Error).message };
    }
  }

  async #loadSelected(): Promise<void> {
    const { selected } = this;
    if (selected === undefined) return;
    const answer = await this.hub.request('GET', toSessionPath(selected.id));
    // Another may be selected by now.
    if (this.selected?.id !== selected.id) return;
    if (answer.ok) this.selected = answer.body as SessionView;
    this.hasEnded = answer.status === 404;
  }

  readonly #onSearch = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void this.#search({ user: String(form.get('user')), topic: String(form.get('topic')).trim() });
  };

  readonly #onRefreshing = (event: Event): void => {
    this.isRefreshing = (event.currentTarget as HTMLInputElement).checked;
    this.#refresh.resume();
  };

  readonly #select = (id: string): void => {
    this.selected = this.selected?.id === id ? undefined : this.page?.sessions.find((session) => session.id === id);
    this.hasEnded = false;
    void this.updateComplete.then(() => this.querySelector('session-detail')?.scrollIntoView({ block: 'nearest' }));
    // What the hub can't answer now it is asked again with the list.
    this.#loadSelected().catch(() => {});
  };

  readonly #hide = (): void => {
    const place = this.page?.sessions.findIndex(({ id }) => id === this.selected?.id) ?? -1;
    this.selected = undefined;
    const row = this.querySelectorAll<HTMLElement>('tbody button')[place];
    (row ?? this.querySelector<HTMLElement>('.list'))?.focus();
  };

  protected override render(): TemplateResult {
    const { selected } = this;
    return html`
      ${this.#renderSearch()}
      <div class="beside">
        <section class="panel">
          ${this.page === undefined ? html`<p>Waiting for the list.</p>` : this.#renderPage(this.page)}
        </section>
        <div class="stack">
          <drain-list class="panel" .hub=${this.hub}></drain-list>
          ${
            selected === undefined
              ? nothing
              : html`
                <session-detail class="panel" .hub=${this.hub} .session=${selected} .ended=${this.hasEnded}
                  @session-closed=${() => void this.#refresh.now()} @detail-left=${this.#hide}></session-detail>
              `
          }
        </div>
      </div>
    `;
  }

  #renderSearch(): TemplateResult {
    const { fault } = this;
    const renderField = (name: keyof SessionFilter, label: string): TemplateResult => html`
      <label>${label}
        <input name=${name} autocomplete="off" spellcheck="false" aria-describedby="${name}-fault"
          aria-invalid=${fault?.field === name ? 'true' : nothing}>
        <span class="fault" id="${name}-fault">${fault?.field === name ? fault.text : nothing}</span>
      </label>
    `;
    return html`
      <form class="panel search" @submit=${this.#onSearch}>
        <div class="row">
          ${renderField('user', 'User')}
          ${renderField('topic', 'Gets what is published on topic')}
          <button type="submit" class="level">Search</button>
          <label class="check level">
            <input type="checkbox" .checked=${this.isRefreshing} @change=${this.#onRefreshing}> refresh
          </label>
        </div>
        <p class="hidden-label" role="status">${this.found}</p>
        ${fault !== undefined && fault.field === undefined ? html`<p class="fault" role="alert">${fault.text}</p>` : nothing}
      </form>
    `;
  }

  #renderPage(page: SessionPage): TemplateResult {
    const { next } = page;
    const turn = async (afters: readonly string[]): Promise<void> => {
      await this.#search(this.#filter, afters);
      this.querySelector<HTMLElement>('.list')?.focus();
    };
    return html`
      <div class="row title">
        <h2 id="sessions-title">Open streams</h2>
        <p class="quiet number">${describeCount(page)} at ${formatClock(this.loadedMs)}</p>
      </div>
      ${renderSessions({
        sessions: page.sessions,
        selected: this.selected?.id,
        own: this.hub.tidings.session,
        nowMs: this.loadedMs,
        select: this.#select,
      })}
      <div class="row">
        <button type="button" class="plain" ?disabled=${this.#afters.length === 1}
          @click=${() => turn(this.#afters.slice(0, -1))}>Previous page</button>
        <button type="button" class="plain" ?disabled=${next === undefined}
          @click=${() => next !== undefined && turn([...this.#afters, next])}>Next page</button>
      </div>
      <p class="quiet">Lag is how many places of the log a stream is behind: of a slow client it grows, and delivered stands still.</p>
    `;
  }
}

function describeCount({ sessions, next }: SessionPage): string {
  const count = `${formatCount(sessions.length)} ${sessions.length === 1 ? 'stream' : 'streams'}`;
  return next === undefined ? count : `${count}, and more`;
}

customElements.define('sessions-page', SessionsPage);
