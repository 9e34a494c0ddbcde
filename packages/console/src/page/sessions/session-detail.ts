import type { SessionView } from '@tidings/protocol/client';
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import { toExplainAddress } from '../explain/explain-question.ts';
import { describeFailure } from '../hub-client.ts';
import { toInboxAddress } from '../inbox/inbox-address.ts';
import { formatAge, formatBytes, formatCount } from '../quantity.ts';
import { toSessionPath } from './session-list.ts';

/**
 * One session, whole, and a way to close it. Dispatches `session-closed` when the hub has, and `detail-left` when it is not to
 * be shown any more.
 */
class SessionDetail extends ConsolePage {
  static override properties: PropertyDeclarations = {
    session: { attribute: false },
    ended: { attribute: false },
    step: { state: true },
    outcome: { state: true },
  };
  declare session: SessionView;
  /** It is not open any more: what is shown was the last that was known. */
  declare ended: boolean;
  declare private step: 'offered' | 'confirming' | 'closing';
  /** What the hub answered. */
  declare private outcome: { readonly good: boolean; readonly text: string } | undefined;
  #focus: string | undefined;

  constructor() {
    super();
    this.ended = false;
    this.step = 'offered';
  }

  protected override willUpdate(changed: PropertyValues<{ session: SessionView }>): void {
    const before = changed.get('session');
    if (before === undefined || before.id === this.session.id) return;
    this.step = 'offered';
    this.outcome = undefined;
  }

  protected override updated(): void {
    if (this.#focus !== undefined) this.querySelector<HTMLElement>(this.#focus)?.focus();
    this.#focus = undefined;
  }

  readonly #confirm = (): void => {
    this.step = 'confirming';
    this.outcome = undefined;
    this.#focus = '.keep';
  };

  readonly #keep = (): void => {
    this.step = 'offered';
    this.#focus = '.close';
  };

  readonly #close = async (): Promise<void> => {
    const { id } = this.session;
    this.step = 'closing';
    this.#focus = 'h2';
    const outcome = await this.#ask(id);
    // Another may be shown by now.
    if (this.session.id !== id) return;
    this.step = 'offered';
    this.outcome = outcome;
    if (outcome.good) this.dispatchEvent(new CustomEvent('session-closed'));
  };

  async #ask(id: string): Promise<{ readonly good: boolean; readonly text: string }> {
    try {
      const answer = await this.hub.request('DELETE', toSessionPath(id));
      if (!answer.ok) return { good: false, text: describeFailure(answer) };
      const { status } = answer;
      return {
        good: true,
        text: `Closed (${status}). Its client was told so, and may come back while its token holds.`,
      };
    } catch (error) {
      return { good: false, text: (error as Error).message };
    }
  }

  readonly #leave = (): void => {
    this.dispatchEvent(new CustomEvent('detail-left'));
  };

  protected override render(): TemplateResult {
    const { id, user, topics, edge, since, delivered, lag, cursor, bytes } = this.session;
    const isOwn = id === this.hub.tidings.session;
    return html`
      <div class="row title">
        <h2 tabindex="-1">Session</h2>
        <button type="button" class="plain" @click=${this.#leave}>Hide</button>
      </div>
      ${this.ended ? html`<p class="quiet">This stream has ended. What follows is the last that was known.</p>` : nothing}
      ${isOwn ? html`<p class="quiet">This is the stream of this page.</p>` : nothing}
      <dl class="facts">
        <dt>Id</dt><dd class="mono">${id}</dd>
        <dt>User</dt><dd class="mono">${user ?? 'none'}</dd>
        <dt>Node</dt><dd class="mono">${edge}</dd>
        <dt>Since</dt><dd>${new Date(since).toLocaleString('en-GB')}, ${formatAge(Date.now() - Date.parse(since))}</dd>
        <dt>Position</dt><dd class="mono">${cursor}</dd>
        <dt>Lag</dt><dd class="number">${formatCount(lag)} ${lag === 1 ? 'place' : 'places'} of the log</dd>
        <dt>Delivered</dt><dd class="number">${formatCount(delivered)} ${delivered === 1 ? 'event' : 'events'}</dd>
        <dt>Written</dt><dd class="number">${formatBytes(bytes)}</dd>
      </dl>
      ${user === undefined ? nothing : renderUserLinks(user)}
      <ul class="topics mono" tabindex="0" aria-label="${formatCount(topics.length)} topics">${topics.map((topic) => html`<li>${topic}</li>`)}</ul>
      ${this.ended ? nothing : this.#renderClosing()}
      <p class=${this.outcome?.good === false ? 'fault' : 'good'} role="status">${this.outcome?.text}</p>
    `;
  }

  #renderClosing(): TemplateResult {
    if (this.step === 'offered') {
      return html`<button type="button" class="danger close" @click=${this.#confirm}>Close this session</button>`;
    }
    return html`
      <div role="group" aria-label="Confirm">
        <p>Its client is told hub.bye with the reason kicked. Close it?</p>
        <div class="row">
          <button type="button" class="danger" ?disabled=${this.step === 'closing'} @click=${this.#close}>Close it</button>
          <button type="button" class="plain keep" @click=${this.#keep}>Keep it</button>
        </div>
      </div>
    `;
  }
}

const renderUserLinks = (user: string): TemplateResult => html`
  <p class="row">
    <a href=${toExplainAddress({ user })}>Explain an event of this user</a>
    <a href=${toInboxAddress(user)} aria-label="Inbox of this user">Inbox</a>
  </p>
`;

customElements.define('session-detail', SessionDetail);
