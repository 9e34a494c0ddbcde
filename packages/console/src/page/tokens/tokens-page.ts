import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import '../copy-button.ts';
import { ConsolePage } from '../console-page.ts';
import { describeFailure } from '../hub-client.ts';
import { type MintRequest, renderMintForm } from './mint-form.ts';
import { inspectToken } from './token-report.ts';
import { judgeTopic, type TokenRights, toRights } from './token-rights.ts';
import { renderReport } from './token-view.ts';

/** What a token is and may do. Tokens stand in this element alone: not in the address, and in no storage. */
class TokensPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    ...ConsolePage.properties,
    token: { state: true },
    topic: { state: true },
    verdict: { state: true },
    minted: { state: true },
    mintFault: { state: true },
    nowMs: { state: true },
  };
  declare private token: string;
  declare private topic: string;
  declare private verdict: { readonly isTaken: boolean; readonly text: string } | undefined;
  declare private minted: string;
  declare private mintFault: string;
  declare private nowMs: number;

  constructor() {
    super();
    this.token = '';
    this.topic = '';
    this.minted = '';
    this.mintFault = '';
    this.nowMs = Date.now();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const timer = setInterval(() => {
      this.nowMs = Date.now();
    }, 1_000);
    this.onLeave(() => clearInterval(timer));
  }

  #inspect(token: string): void {
    this.token = token;
    this.verdict = undefined;
    this.nowMs = Date.now();
  }

  readonly #ask = async (): Promise<void> => {
    const token = this.token.trim();
    this.verdict = undefined;
    try {
      const answer = await this.hub.request('GET', '/v1/position', { token });
      // Another one has been pasted meanwhile.
      if (token !== this.token.trim()) return;
      const { status } = answer;
      this.verdict = answer.ok
        ? { isTaken: true, text: `The hub takes it (${status}).` }
        : { isTaken: false, text: `The hub does not take it: ${status}, ${describeFailure(answer)}` };
    } catch (error) {
      this.verdict = { isTaken: false, text: (error as Error).message };
    }
  };

  readonly #mint = async (request: MintRequest): Promise<void> => {
    this.mintFault = '';
    this.minted = '';
    try {
      const answer = await this.hub.request('POST', '/console/development/tokens', { json: request });
      if (answer.ok) {
        this.minted = (answer.body as { readonly token: string }).token;
        this.#inspect(this.minted);
      } else this.mintFault = describeFailure(answer);
    } catch (error) {
      this.mintFault = (error as Error).message;
    }
  };

  protected override render(): TemplateResult {
    const report = this.token.trim() === '' ? undefined : inspectToken(this.token, this.nowMs);
    const rights = report && 'claims' in report ? toRights(report.claims) : undefined;
    return html`
      <div class="columns">
        <section class="panel" aria-label="The token">
          <label>Token to look at
            <textarea name="token" rows="6" autocomplete="off" autocapitalize="off" spellcheck="false"
              .value=${this.token}
              @input=${(event: Event) => this.#inspect((event.currentTarget as HTMLTextAreaElement).value)}></textarea>
          </label>
          <div class="row token-tools">
            <button type="button" class="plain" @click=${() => this.#inspect(this.hub.access.token)}>This page’s</button>
            <button type="button" ?disabled=${!isSendable(this.token)} @click=${this.#ask}>Ask this hub</button>
            ${
              this.minted !== '' && this.minted === this.token
                ? html`<copy-button label="Copy the minted token" .text=${this.minted}></copy-button>`
                : nothing
            }
          </div>
          <p role="status" class=${this.verdict?.isTaken === false ? 'fault' : 'good'}>${this.verdict?.text ?? ''}</p>
          ${report && 'fault' in report ? html`<p class="fault">${report.fault}</p>` : nothing}
          ${rights === undefined ? nothing : this.#renderQuestion(rights)}
        </section>
        ${this.hub.development === undefined ? nothing : renderMintForm(this.#mint, this.mintFault)}
      </div>
      ${
        report && 'claims' in report && rights
          ? html`<div class="columns">${renderReport(report, rights, this.nowMs)}</div>`
          : nothing
      }
    `;
  }

  #renderQuestion(rights: TokenRights): TemplateResult {
    const judged = this.topic === '' ? undefined : judgeTopic(rights, this.topic);
    const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');
    return html`
      <label class="token-question">May it use this topic or pattern?
        <input name="topic" autocomplete="off" autocapitalize="off" spellcheck="false" .value=${this.topic}
          @input=${(event: Event) => {
            this.topic = (event.currentTarget as HTMLInputElement).value;
          }}>
      </label>
      <p role="status">
        ${
          this.topic === ''
            ? nothing
            : judged === undefined
              ? 'This is no topic, and no pattern.'
              : `Subscribe: ${yesOrNo(judged.subscribe)}. Publish: ${yesOrNo(judged.publish)}.`
        }
      </p>
    `;
  }
}

// What may stand in a header (RFC 6750 section 2.1, and more).
const isSendable = (token: string): boolean => /^[\x21-\x7e]+$/.test(token.trim());

customElements.define('tokens-page', TokensPage);
