import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';

const SHOWN_MS = 4_000;

/** Copies a text, or selects it where the browser refuses to. */
class CopyButton extends LitElement {
  static override properties: PropertyDeclarations = {
    text: { attribute: false },
    label: {},
    outcome: { state: true },
  };
  /** What is copied. */
  declare text: string;
  declare label: string;
  declare private outcome: '' | 'copied' | 'refused';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.text = '';
    this.label = 'Copy';
    this.outcome = '';
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  readonly #copy = async (): Promise<void> => {
    clearTimeout(this.#timer);
    try {
      // There is no clipboard on plain http, but for localhost.
      await navigator.clipboard.writeText(this.text);
      this.outcome = 'copied';
      this.#timer = setTimeout(() => {
        this.outcome = '';
      }, SHOWN_MS);
    } catch {
      this.outcome = 'refused';
      await this.updateComplete;
      this.querySelector('textarea')?.select();
    }
  };

  protected override render(): TemplateResult {
    return html`
      <button type="button" class="plain" @click=${this.#copy}>${this.label}</button>
      <span role="status" class="quiet">${STATUS[this.outcome]}</span>
      ${
        this.outcome === 'refused'
          ? html`<textarea readonly rows="4" aria-label="The text to copy" .value=${this.text}></textarea>`
          : nothing
      }
    `;
  }
}

const STATUS = {
  '': '',
  copied: 'Copied',
  refused: 'The browser refuses to copy. The text is selected: press Ctrl+C or ⌘C.',
} as const;

customElements.define('copy-button', CopyButton);
