import type { InboxAnswer, InboxCount } from '@tidings/protocol/client';
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import { describeFailure } from '../hub-client.ts';
import { formatClock } from '../quantity.ts';
import { parseInboxAddress, toInboxAddress, toInboxPath, toReadPath } from './inbox-address.ts';
import {
  describeRows,
  formatUnread,
  hasUnread,
  type InboxFault,
  type InboxView,
  toInboxFault,
  toInboxView,
} from './inbox-list.ts';
import { renderCount, renderOwner, renderRows } from './inbox-view.ts';

const NEWEST: readonly string[] = [''];

/**
 * The inbox of a user, one's own unless the address names another: what is kept, and what of it is read. It is asked for when
 * one wants it, and not every few seconds as other lists are: each time the hub may have to count 16 MiB of events.
 */
class InboxPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    ...ConsolePage.properties,
    user: { state: true },
    view: { state: true },
    loadedMs: { state: true },
    fault: { state: true },
    isConfirming: { state: true },
    outcome: { state: true },
  };
  declare private user: string;
  declare private view: InboxView | undefined;
  declare private loadedMs: number;
  declare private fault: InboxFault | undefined;
  declare private isConfirming: boolean;
  /** What became of the last mark. */
  declare private outcome: { readonly good: boolean; readonly text: string } | undefined;
  /** The `before` of this page and of those that are newer. */
  #befores = NEWEST;
  /** The newest event that was shown: what came after it nobody has seen here. */
  #newest: string | undefined;
  #asking: AbortController | undefined;

  constructor() {
    super();
    this.user = '';
    this.loadedMs = 0;
    this.isConfirming = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.onAddress(this.#followAddress);
    this.onLeave(() => this.#asking?.abort());
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('hub')) this.#followAddress();
  }

  readonly #followAddress = (): void => {
    const named = parseInboxAddress(location.hash);
    if (named !== undefined) this.#open(named === '' ? (this.hub.access.claims.sub ?? '') : named);
  };

  #open(user: string): void {
    // Not by `location.hash`, which would move the focus.
    history.replaceState(null, '', toInboxAddress(user));
    this.#asking?.abort();
    this.user = user;
    this.view = undefined;
    this.fault = undefined;
    this.outcome = undefined;
    this.isConfirming = false;
    this.#newest = undefined;
    if (user !== '') void this.#load(NEWEST);
  }

  async #load(befores: readonly string[]): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const { signal } = asking;
    try {
      const answer = await this.hub.request('GET', toInboxPath(this.user, befores.at(-1) ?? ''), { signal });
      if (signal.aborted) return;
      this.fault = answer.ok ? undefined : toInboxFault(answer);
      if (!answer.ok) return;
      this.#befores = befores;
      this.loadedMs = Date.now();
      this.view = toInboxView(answer.body as InboxAnswer);
      if (befores.length === 1) this.#newest = this.view.rows[0]?.id;
    } catch (error) {
      if (!signal.aborted) this.fault = { isOfUser: false, text: (error as Error).message };
    }
  }

  async #turn(befores: readonly string[]): Promise<void> {
    await this.#load(befores);
    this.querySelector<HTMLElement>('.list')?.focus();
  }

  async #mark(marks: { readonly upTo?: string; readonly ids?: readonly string[] }): Promise<void> {
    const { user } = this;
    const answer = await this.hub.request('PATCH', toReadPath(user), { json: marks }).catch((error: Error) => error);
    // Another may be shown by now.
    if (user !== this.user || this.view === undefined) return;
    this.isConfirming = false;
    if (answer instanceof Error) this.outcome = { good: false, text: answer.message };
    else if (!answer.ok) this.outcome = { good: false, text: describeFailure(answer) };
    else {
      const count = answer.body as InboxCount;
      this.outcome = { good: true, text: `Marked as read: ${formatUnread(count)} unread now.` };
      this.view = { ...this.view, count };
      await this.#load(this.#befores);
    }
    await this.updateComplete;
  }

  async #markOne(id: string): Promise<void> {
    const place = this.view?.rows.filter(({ isRead }) => !isRead).findIndex((row) => row.id === id) ?? 0;
    await this.#mark({ ids: [id] });
    // The button is gone, and the focus with it: on to the next one.
    if (document.activeElement !== document.body) return;
    const buttons = this.querySelectorAll<HTMLElement>('tbody button');
    (buttons[Math.min(place, buttons.length - 1)] ?? this.querySelector<HTMLElement>('.list'))?.focus();
  }

  async #markAll(): Promise<void> {
    if (this.#newest !== undefined) await this.#mark({ upTo: this.#newest });
    this.querySelector<HTMLElement>('.list')?.focus();
  }

  async #confirm(isConfirming: boolean): Promise<void> {
    this.isConfirming = isConfirming;
    await this.updateComplete;
    this.querySelector<HTMLElement>(isConfirming ? '.keep' : '.all')?.focus();
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#open(String(new FormData(event.currentTarget as HTMLFormElement).get('user')));
  };

  protected override render(): TemplateResult {
    const { user, view, fault } = this;
    const isWaiting = view === undefined && fault === undefined;
    return html`
      ${this.#renderForm()}
      <section class="panel">
        <div class="row title">
          <h2 id="inbox-title">Inbox${user === '' ? nothing : html` of ${renderOwner(user)}`}</h2>
          ${view === undefined ? nothing : html`<p class="quiet number">${describeRows(view)} at ${formatClock(this.loadedMs)}</p>`}
        </div>
        ${fault === undefined || fault.isOfUser ? nothing : html`<p class="fault" role="alert">${fault.text}</p>`}
        ${isWaiting ? html`<p>${user === '' ? 'Name a user: the sub of their tokens.' : 'Waiting for the inbox.'}</p>` : nothing}
        ${view === undefined ? nothing : this.#renderView(view)}
      </section>
    `;
  }

  #renderForm(): TemplateResult {
    const fault = this.fault?.isOfUser === true ? this.fault.text : undefined;
    return html`
      <form class="panel search" @submit=${this.#onSubmit}>
        <div class="row">
          <label>User
            <input name="user" required autocomplete="off" autocapitalize="off" spellcheck="false" .value=${this.user}
              aria-describedby="user-fault" aria-invalid=${fault === undefined ? nothing : 'true'}>
            <span class="fault" id="user-fault">${fault ?? nothing}</span>
          </label>
          <button type="submit" class="level">Show</button>
        </div>
      </form>
    `;
  }

  #renderView(view: InboxView): TemplateResult {
    const { rows, next, count } = view;
    const befores = this.#befores;
    return html`
      ${renderCount(view)}
      <div class="row title">
        ${this.#renderAll(!hasUnread(count) || this.#newest === undefined)}
        <p class=${this.outcome?.good === false ? 'fault' : 'good'} role="status">${this.outcome?.text}</p>
      </div>
      ${rows.length === 0 ? html`<p>Nothing is kept for this user.</p>` : renderRows(this.user, rows, (id) => void this.#markOne(id))}
      <div class="row">
        <button type="button" class="plain" ?disabled=${befores.length === 1}
          @click=${() => this.#turn(befores.slice(0, -1))}>Newer events</button>
        <button type="button" class="plain" ?disabled=${next === undefined}
          @click=${() => next !== undefined && this.#turn([...befores, next])}>Older events</button>
      </div>
    `;
  }

  #renderAll(isIdle: boolean): TemplateResult {
    if (!this.isConfirming) {
      return html`<button type="button" class="plain all" ?disabled=${isIdle} @click=${() => this.#confirm(true)}>Mark everything as read</button>`;
    }
    return html`
      <div role="group" aria-label="Confirm">
        <p>All up to <span class="mono">${this.#newest}</span>, in every tab and on every device of the user. Nothing becomes unread again.</p>
        <div class="row">
          <button type="button" class="danger" @click=${() => this.#markAll()}>Mark it as read</button>
          <button type="button" class="plain keep" @click=${() => this.#confirm(false)}>Keep it unread</button>
        </div>
      </div>
    `;
  }
}

customElements.define('inbox-page', InboxPage);
