import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ConsolePage } from '../console-page.ts';
import { describeFailure } from '../hub-client.ts';
import { formatCount } from '../quantity.ts';
import { createRefresh } from '../sessions/refresh.ts';
import { toRelative } from '../tokens/relative-time.ts';

/** As `GET /v1/webhooks` has it. */
interface EndpointView {
  readonly name: string;
  readonly origin: string;
  readonly events: readonly string[];
  readonly waiting: number;
  readonly dead: number;
}

/** A webhook that was given up, as `GET /v1/webhooks/{endpoint}/dead` has it. */
interface DeadView {
  readonly id: string;
  readonly type: string;
  readonly failed: string;
  readonly attempts: number;
  readonly reason: string;
}

const REFRESH_MS = 2_000;
const MOST_LISTED = 100;

/** The endpoints that are told by webhook, what waits for them, and what was given up, which can be sent anew. */
class WebhooksPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    endpoints: { state: true },
    dead: { state: true },
    selected: { state: true },
    loadedMs: { state: true },
    fault: { state: true },
    isElsewhere: { state: true },
    said: { state: true },
  };
  declare private endpoints: readonly EndpointView[] | undefined;
  declare private dead: readonly DeadView[];
  declare private selected: string | undefined;
  declare private loadedMs: number;
  declare private fault: string;
  declare private isElsewhere: boolean;
  declare private said: string;
  readonly #refresh = createRefresh({
    run: (signal) => this.#load(signal),
    isWanted: () => !document.hidden,
    everyMs: REFRESH_MS,
  });

  constructor() {
    super();
    this.dead = [];
    this.loadedMs = 0;
    this.fault = '';
    this.isElsewhere = false;
    this.said = '';
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
    if (changed.has('hub')) void this.#refresh.now();
  }

  async #load(signal: AbortSignal): Promise<void> {
    try {
      const { selected } = this;
      const list = await this.hub.request('GET', '/v1/webhooks', { signal });
      const dead =
        selected === undefined || !list.ok
          ? undefined
          : await this.hub.request('GET', `${pathOf(selected)}/dead`, { signal });
      if (signal.aborted) return;
      this.loadedMs = Date.now();
      this.isElsewhere = list.status === 404;
      const refused = [list, dead].find((answer) => answer !== undefined && !answer.ok);
      this.fault = refused === undefined || this.isElsewhere ? '' : describeFailure(refused);
      if (list.ok) this.endpoints = (list.body as { endpoints: EndpointView[] }).endpoints;
      if (dead?.ok) this.dead = (dead.body as { dead: DeadView[] }).dead;
    } catch (error) {
      if (!signal.aborted) this.fault = (error as Error).message;
    }
  }

  async #select(name: string): Promise<void> {
    this.selected = this.selected === name ? undefined : name;
    this.dead = [];
    this.said = '';
    await this.#refresh.now();
  }

  async #replay(name: string, id?: string): Promise<void> {
    const query = id === undefined ? '' : `?id=${encodeURIComponent(id)}`;
    const answer = await this.hub.request('POST', `${pathOf(name)}/replay${query}`).catch((error: Error) => error);
    if (answer instanceof Error) this.said = answer.message;
    else if (answer.ok) this.said = describeReplay((answer.body as { replayed: number }).replayed);
    else this.said = describeFailure(answer);
    await this.#refresh.now();
    // The button is gone, and after the last one the table: the title stays.
    await this.updateComplete;
    this.querySelector<HTMLElement>('#dead-title')?.focus();
  }

  protected override render(): TemplateResult {
    if (this.isElsewhere) {
      return html`
        <section class="panel">
          <h2>Webhooks</h2>
          <p>This address sends no webhooks. A hub does with <code>TIDINGS_WEBHOOKS_FILE</code>; in a cluster the dispatcher has them at its own
            address, for <code>tidings webhooks list --url</code>.</p>
        </section>
      `;
    }
    return html`
      <section class="panel">
        <h2 id="endpoints-title">Endpoints</h2>
        ${this.fault === '' ? nothing : html`<p class="fault" role="alert">${this.fault}</p>`}
        ${this.endpoints === undefined ? html`<p>Waiting for the list.</p>` : this.#renderEndpoints(this.endpoints)}
        <p class="quiet">What waits is of all tenants. What was given up is kept for 14 days; more than ${MOST_LISTED} are not counted.</p>
      </section>
      ${this.selected === undefined ? nothing : this.#renderDead(this.selected)}
    `;
  }

  #renderEndpoints(endpoints: readonly EndpointView[]): TemplateResult {
    const renderRow = ({ name, origin, events, waiting, dead }: EndpointView): TemplateResult => html`
      <tr data-selected=${name === this.selected}>
        <th scope="row"><button type="button" class="plain mono pick" aria-expanded=${name === this.selected}
          @click=${() => this.#select(name)}>${name}</button></th>
        <td class="mono">${origin}</td>
        <td class="mono">${events.join(', ')}</td>
        <td class="number">${formatCount(waiting)}</td>
        <td class="number">${formatCount(dead)}${dead >= MOST_LISTED ? '+' : ''}</td>
      </tr>
    `;
    return html`
      <div class="scroll" tabindex="0" role="region" aria-labelledby="endpoints-title">
        <table class="sessions">
          <thead>
            <tr>
              <th scope="col">Endpoint</th>
              <th scope="col">Sent to</th>
              <th scope="col">Told of</th>
              <th scope="col" class="number">Waiting</th>
              <th scope="col" class="number">Given up</th>
            </tr>
          </thead>
          <tbody>${repeat(endpoints, ({ name }) => name, renderRow)}</tbody>
        </table>
      </div>
    `;
  }

  #renderDead(name: string): TemplateResult {
    const renderRow = ({ id, type, failed, attempts, reason }: DeadView): TemplateResult => html`
      <tr>
        <th scope="row" class="mono">${id}</th>
        <td class="mono">${type}</td>
        <td class="number">${toRelative(Date.parse(failed), this.loadedMs)}</td>
        <td class="number">${formatCount(attempts)}</td>
        <td>${reason}</td>
        <td><button type="button" class="plain" aria-label="Send again: ${id}" @click=${() => this.#replay(name, id)}>Send again</button></td>
      </tr>
    `;
    return html`
      <section class="panel">
        <div class="row title">
          <h2 id="dead-title" tabindex="-1">Given up: <span class="mono">${name}</span></h2>
          <button type="button" class="plain" ?disabled=${this.dead.length === 0} @click=${() => this.#replay(name)}>Send all again</button>
        </div>
        ${
          this.dead.length === 0
            ? html`<p>Nothing was given up.</p>`
            : html`
              <div class="scroll dead" tabindex="0" role="region" aria-labelledby="dead-title">
                <table>
                  <thead>
                    <tr>
                      <th scope="col">Webhook</th>
                      <th scope="col">Told of</th>
                      <th scope="col" class="number">Given up</th>
                      <th scope="col" class="number">Attempts</th>
                      <th scope="col">Last answer</th>
                      <th scope="col"><span class="hidden-label">Send again</span></th>
                    </tr>
                  </thead>
                  <tbody>${repeat(this.dead, ({ id }) => id, renderRow)}</tbody>
                </table>
              </div>
            `
        }
        <p role="status">${this.said}</p>
      </section>
    `;
  }
}

const pathOf = (endpoint: string): string => `/v1/webhooks/${encodeURIComponent(endpoint)}`;

const describeReplay = (count: number): string =>
  `${formatCount(count)} ${count === 1 ? 'webhook is' : 'webhooks are'} sent again, under the same id.`;

customElements.define('webhooks-page', WebhooksPage);
