import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { type AccessResult, forgetAccess, keepAccess, readAccess } from './access.ts';
import { connectHub, type HubClient } from './hub-client.ts';
import { pageOf, pagesFor } from './page-list.ts';

const STATES = {
  idle: 'idle',
  connecting: 'connecting',
  open: 'live',
  waiting: 'reconnecting',
  closed: 'closed',
} as const;

/** The frame of the console: login, navigation, the state of the stream, and the page that the address names. */
class ConsoleShell extends LitElement {
  static override properties: PropertyDeclarations = {
    hub: { state: true },
    fault: { state: true },
    streamState: { state: true },
  };
  declare private hub: HubClient | undefined;
  declare private fault: string;
  declare private streamState: keyof typeof STATES;

  constructor() {
    super();
    this.fault = '';
    this.streamState = 'idle';
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('hashchange', this.#onAddress);
    this.#enter(readAccess());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.#onAddress);
    this.hub?.close();
  }

  readonly #onAddress = (): void => {
    // What a page said is not of the next one; that the stream has ended is.
    if (this.streamState !== 'closed') this.fault = '';
    // A new link may have been pasted over the open page.
    if (location.hash.includes('token=')) this.#enter(readAccess());
    this.requestUpdate();
    this.#focusMain();
    scrollTo(0, 0);
  };

  // Without a scroll, which would hide the navigation.
  #focusMain(): void {
    this.querySelector('main')?.focus({ preventScroll: true });
  }

  async #enter(result: AccessResult | undefined): Promise<void> {
    if (result === undefined) return;
    if ('fault' in result) {
      this.fault = result.fault;
      return;
    }
    const hub = await connectHub(result.access);
    const { ok, status } = await hub.request('GET', '/v1/sessions?limit=1').catch(() => ({ ok: true, status: 0 }));
    if (!ok && (status === 401 || status === 403)) {
      if (this.hub === undefined) forgetAccess();
      else keepAccess(this.hub.access.token);
      this.fault = 'The hub does not take this token: it is of another key, was revoked, or is no admin’s.';
      hub.close();
      return;
    }
    this.hub?.close();
    this.fault = '';
    this.hub = hub;
    this.streamState = hub.tidings.state;
    hub.tidings.on('state', ({ state }) => {
      this.streamState = state;
      // Whatever was in the way is no more.
      if (state === 'open') this.fault = '';
    });
    hub.tidings.on('error', ({ code, message }) => {
      this.fault = `${message} (${code})`;
    });
  }

  readonly #logIn = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    await this.#enter(keepAccess(String(new FormData(form).get('token'))));
    await this.updateComplete;
    // The form is gone, and the focus with it.
    if (this.hub !== undefined) this.#focusMain();
  };

  readonly #logOut = async (): Promise<void> => {
    this.hub?.close();
    this.hub = undefined;
    this.fault = '';
    forgetAccess();
    await this.updateComplete;
    this.#focusMain();
  };

  protected override render(): TemplateResult {
    return this.hub === undefined ? this.#renderLogin() : this.#renderFrame(this.hub);
  }

  #renderLogin(): TemplateResult {
    document.title = 'Tidings console';
    return html`
      <main class="login" tabindex="-1">
        <h1>Tidings console</h1>
        <p>Paste the token of an admin. It stays in this tab, and is sent to this hub alone.</p>
        <form @submit=${this.#logIn}>
          <label>Token
            <textarea name="token" rows="5" required autocomplete="off" spellcheck="false"></textarea>
          </label>
          <button type="submit">Log in</button>
        </form>
        <p class="fault" role="alert">${this.fault}</p>
        <p class="quiet">In development the hub prints a link at its start that logs you in. Elsewhere:
          <code>tidings token mint --admin</code></p>
      </main>
    `;
  }

  #renderFrame(hub: HubClient): TemplateResult {
    const isDevelopment = hub.development !== undefined;
    const current = pageOf(location.hash, isDevelopment);
    document.title = `${current.title} · Tidings console`;
    const { sub, tenant = 'default' } = hub.access.claims;
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>Skip to the page</a>
      <header class="top">
        <p class="brand">Tidings</p>
        <nav aria-label="Pages">
          <ul>
            ${pagesFor(isDevelopment).map(
              ({ path, title }) => html`
                <li><a href="#/${path}" aria-current=${path === current.path ? 'page' : nothing}>${title}</a></li>
              `,
            )}
          </ul>
        </nav>
        <div class="who">
          <span class="state" role="status" data-state=${this.streamState}>${STATES[this.streamState]}</span>
          <span class="quiet">${sub ?? 'nobody'} in ${tenant}</span>
          <button type="button" class="plain" @click=${this.#logOut}>Log out</button>
        </div>
      </header>
      ${this.fault === '' ? nothing : this.#renderFault()}
      <main id="content" tabindex="-1">
        <h1>${current.title}</h1>
        ${current.render(hub)}
      </main>
    `;
  }

  #renderFault(): TemplateResult {
    const dismiss = (): void => {
      this.fault = '';
    };
    return html`
      <div class="banner" role="alert">${this.fault} <button type="button" class="plain" @click=${dismiss}>Dismiss</button></div>
    `;
  }

  // The fragment is the page's address: it must not become that of the anchor.
  readonly #skip = (event: Event): void => {
    event.preventDefault();
    this.querySelector('main')?.focus();
  };
}

customElements.define('console-shell', ConsoleShell);
