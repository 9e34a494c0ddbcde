import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import '../copy-button.ts';
import type { Problem } from '@tidings/protocol/client';
import { ConsolePage } from '../console-page.ts';
import { toPublishCurl } from '../curl.ts';
import { describeFailure, type HubAnswer } from '../hub-client.ts';
import { formatClock } from '../quantity.ts';
import { renderFields } from './event-fields.ts';
import {
  EMPTY_FORM,
  type EventForm,
  type FieldFaults,
  type FieldName,
  fieldOf,
  findFaults,
  toEventBody,
} from './event-form.ts';
import { addToHistory, describeResults, readHistory, type Sent } from './publish-history.ts';
import { toSdkCode } from './sdk-code.ts';

/** A form that publishes an event, and says what a program has to do for the same. */
class PublishPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    ...ConsolePage.properties,
    form: { state: true },
    touched: { state: true },
    refused: { state: true },
    answer: { state: true },
    failure: { state: true },
    isSending: { state: true },
  };
  declare private form: EventForm;
  /** Fields whose faults are shown: those that were typed in, and all once one has tried to send. */
  declare private touched: ReadonlySet<FieldName>;
  /** What the hub said of fields that have not been changed since. */
  declare private refused: FieldFaults;
  declare private answer: HubAnswer | undefined;
  declare private failure: string;
  declare private isSending: boolean;

  constructor() {
    super();
    this.form = EMPTY_FORM;
    this.touched = new Set();
    this.refused = {};
    this.failure = '';
    this.isSending = false;
  }

  readonly #change = (changed: Partial<EventForm>): void => {
    const names = Object.keys(changed) as FieldName[];
    this.form = { ...this.form, ...changed };
    this.touched = new Set([...this.touched, ...names, ...(names.includes('store') ? (['final'] as const) : [])]);
    this.refused = Object.fromEntries(Object.entries(this.refused).filter(([name]) => !(name in changed)));
  };

  readonly #send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (this.isSending) return;
    const { form } = this;
    this.touched = new Set(Object.keys(form) as FieldName[]);
    this.refused = {};
    this.failure = '';
    this.answer = undefined;
    if (Object.keys(findFaults(form)).length > 0) {
      this.failure = 'Not sent: some fields have to be put right.';
      await this.#focusFault();
      return;
    }
    this.isSending = true;
    try {
      const answer = await this.hub.request('POST', '/v1/events', { json: toEventBody(form) });
      addToHistory(this.hub, { form, atMs: Date.now(), answer });
      this.#take(answer);
    } catch (error) {
      this.failure = (error as Error).message;
    } finally {
      this.isSending = false;
    }
    await this.#focusFault();
  };

  #take(answer: HubAnswer): void {
    this.answer = answer;
    if (answer.ok) return;
    this.failure = describeFailure(answer);
    // What stands before the hub may answer without a problem.
    const { pointer, detail, title } = (answer.body ?? {}) as Partial<Problem>;
    const field = fieldOf(pointer);
    if (field !== undefined) this.refused = { [field]: detail ?? title ?? 'Refused.' };
  }

  async #focusFault(): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  readonly #reuse = (form: EventForm) => (): void => {
    this.form = form;
    this.touched = new Set();
    this.refused = {};
    this.querySelector<HTMLElement>('select')?.focus();
  };

  protected override render(): TemplateResult {
    const { form } = this;
    const own = Object.entries(findFaults(form)).filter(([name]) => this.touched.has(name as FieldName));
    const faults = { ...Object.fromEntries(own), ...this.refused };
    return html`
      <div class="columns">
        <section class="panel" aria-label="The event">
          <form class="event-form" @submit=${this.#send} novalidate>
            ${renderFields({ form, faults, session: this.hub.tidings.session, change: this.#change })}
            <div class="row">
              <button type="submit" aria-disabled=${this.isSending}>Publish</button>
            </div>
          </form>
          <div role="status" class="publish-answer">
            ${this.failure === '' ? nothing : html`<p class="fault">${this.failure}</p>`}
            ${this.answer === undefined ? nothing : describeResults(this.answer).map((line) => html`<p>${line}</p>`)}
          </div>
        </section>
        ${this.#renderCode()}
      </div>
      ${this.#renderHistory()}
    `;
  }

  #renderCode(): TemplateResult {
    const body = toEventBody(this.form);
    const code = { curl: toPublishCurl(location.origin, body), SDK: toSdkCode(location.origin, body) };
    return html`
      <section class="panel" aria-label="The same as code">
        ${Object.entries(code).map(
          ([name, text]) => html`
            <h2>With ${name === 'SDK' ? 'the SDK' : name}</h2>
            <pre class="code" tabindex="0" role="region" aria-label=${name} data-code=${name}>${text}</pre>
            <div class="row"><copy-button label="Copy ${name}" .text=${text}></copy-button></div>
          `,
        )}
        <p class="quiet">The token stands in the variable <code>TOKEN</code> of the environment, and not here.</p>
      </section>
    `;
  }

  #renderHistory(): TemplateResult | typeof nothing {
    const sent = readHistory(this.hub);
    if (sent.length === 0) return nothing;
    return html`
      <section class="panel" aria-label="Sent from this tab">
        <h2>Sent from this tab</h2>
        <div class="scroll" tabindex="0" role="region" aria-label="The last events that were sent">
          <table>
            <thead>
              <tr>
                <th scope="col">At</th><th scope="col">To</th><th scope="col">Name</th><th scope="col">Answer</th>
                <th scope="col"><span class="hidden-label">Again</span></th>
              </tr>
            </thead>
            <tbody>${sent.map((each) => this.#renderSent(each))}</tbody>
          </table>
        </div>
      </section>
    `;
  }

  #renderSent({ number, form, atMs, answer }: Sent): TemplateResult {
    const lines = answer.ok ? describeResults(answer) : [describeFailure(answer)];
    return html`
      <tr>
        <td class="number">${formatClock(atMs)}</td>
        <td class="mono">${form[form.target].replaceAll('\n', ', ')}</td>
        <td>${form.event}</td>
        <td class=${answer.ok ? '' : 'fault'}>${lines.map((line) => html`<div>${line}</div>`)}</td>
        <td><button type="button" class="plain" aria-label="Fill in again: event ${number}"
          @click=${this.#reuse(form)}>Fill in again</button></td>
      </tr>
    `;
  }
}

customElements.define('publish-page', PublishPage);
