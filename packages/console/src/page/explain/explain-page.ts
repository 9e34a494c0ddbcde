import type { Explanation } from '@tidings/protocol/client';
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import {
  type ExplainQuestion,
  isWhole,
  parseExplainAddress,
  type QuestionFault,
  toExplainAddress,
  toExplainPath,
  toQuestionFault,
} from './explain-question.ts';
import { renderEvent, renderSessions } from './explanation-view.ts';
import { toVisibleExplanation } from './visible-explanation.ts';

const NOTE = html`
  <p class="quiet">Edges remember the streams of users for a while where <code>TIDINGS_JOURNAL_MAX_BYTES</code> is set, and forget them with their
    process. Written is what was handed to a connection; acknowledged, what a client came back with a cursor after.</p>
`;

/** Whether a user got an event, and if not, why. The question stands in the address, so that it can be handed on. */
class ExplainPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    ...ConsolePage.properties,
    question: { state: true },
    answer: { state: true },
    fault: { state: true },
  };
  declare private question: ExplainQuestion;
  declare private answer: Explanation | undefined;
  declare private fault: QuestionFault | undefined;
  #asking: AbortController | undefined;

  constructor() {
    super();
    this.question = { user: '', event: '' };
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
    const question = parseExplainAddress(location.hash);
    if (question !== undefined) void this.#ask(question);
  };

  async #ask(question: ExplainQuestion): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.question = question;
    this.answer = undefined;
    this.fault = undefined;
    if (!isWhole(question)) return;
    try {
      const answer = await this.hub.request('GET', toExplainPath(question), { signal: asking.signal });
      if (asking.signal.aborted) return;
      if (answer.ok) this.answer = toVisibleExplanation(answer.body as Explanation);
      else this.fault = toQuestionFault(answer);
    } catch (error) {
      if (!asking.signal.aborted) this.fault = { field: undefined, text: (error as Error).message };
    }
  }

  readonly #onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const question = { user: String(form.get('user')), event: String(form.get('event')).trim() };
    // Not by `location.hash`, which would move the focus.
    history.replaceState(null, '', toExplainAddress(question));
    void this.#ask(question);
  };

  protected override render(): TemplateResult {
    const { answer, fault } = this;
    return html`
      ${this.#renderForm()}
      <section class="panel" aria-label="Answer">
        <p class="answer" role="status">${answer?.conclusion}</p>
        ${fault !== undefined && fault.field === undefined ? html`<p class="fault" role="alert">${fault.text}</p>` : nothing}
        ${answer === undefined ? NOTE : renderEvent(answer)}
      </section>
      ${answer === undefined ? nothing : renderSessions(answer)}
    `;
  }

  #renderForm(): TemplateResult {
    const { question, fault } = this;
    const renderField = (name: keyof ExplainQuestion, label: string): TemplateResult => html`
      <label>${label}
        <input name=${name} required autocomplete="off" autocapitalize="off" spellcheck="false" .value=${question[name]}
          aria-describedby="${name}-fault" aria-invalid=${fault?.field === name ? 'true' : nothing}>
        <span class="fault" id="${name}-fault">${fault?.field === name ? fault.text : nothing}</span>
      </label>
    `;
    return html`
      <form class="panel search" @submit=${this.#onSubmit}>
        <div class="row">
          ${renderField('user', 'Did user')}
          ${renderField('event', 'get the event with the id')}
          <button type="submit" class="level">Explain</button>
        </div>
      </form>
    `;
  }
}

customElements.define('explain-page', ExplainPage);
