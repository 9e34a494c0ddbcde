import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ConsolePage } from '../console-page.ts';
import { describeFailure } from '../hub-client.ts';
import { formatClock, formatCount } from '../quantity.ts';
import { createRefresh } from '../sessions/refresh.ts';
import { toRelative } from '../tokens/relative-time.ts';

/** An event that waits, as `GET /v1/schedules` has it. */
interface Schedule {
  readonly id: string;
  readonly topic: string;
  readonly event?: string;
  readonly at: string;
}

interface SchedulePage {
  readonly schedules: readonly Schedule[];
  readonly next?: string;
}

const REFRESH_MS = 2_000;

/** Events that wait for their time, in the order in which they were taken. Each can be cancelled. */
class SchedulesPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    page: { state: true },
    loadedMs: { state: true },
    fault: { state: true },
    said: { state: true },
    asked: { state: true },
  };
  declare private page: SchedulePage | undefined;
  declare private loadedMs: number;
  declare private fault: string;
  declare private said: string;
  /** Whose cancellation is to be confirmed. */
  declare private asked: string | undefined;
  /** The `after` of this page and of those before it. */
  #afters: readonly string[] = [''];
  readonly #refresh = createRefresh({
    run: (signal) => this.#load(signal),
    isWanted: () => !document.hidden,
    everyMs: REFRESH_MS,
  });

  constructor() {
    super();
    this.loadedMs = 0;
    this.fault = '';
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
      const after = this.#afters.at(-1) ?? '';
      const path = `/v1/schedules${after === '' ? '' : `?after=${encodeURIComponent(after)}`}`;
      const answer = await this.hub.request('GET', path, { signal });
      if (signal.aborted) return;
      this.loadedMs = Date.now();
      this.fault = answer.ok ? '' : describeFailure(answer);
      if (answer.ok) this.page = answer.body as SchedulePage;
    } catch (error) {
      if (!signal.aborted) this.fault = (error as Error).message;
    }
  }

  async #turn(afters: readonly string[]): Promise<void> {
    this.#afters = afters;
    await this.#refresh.now();
    this.querySelector<HTMLElement>('.list')?.focus();
  }

  async #ask(id: string | undefined): Promise<void> {
    const before = this.asked ?? id;
    this.asked = id;
    await this.updateComplete;
    this.querySelector<HTMLElement>(`tr[data-id="${before}"] button`)?.focus();
  }

  async #cancel({ id, topic }: Schedule): Promise<void> {
    const answer = await this.hub.request('DELETE', `/v1/schedules/${id}`).catch((error: Error) => error);
    this.asked = undefined;
    if (answer instanceof Error) this.said = answer.message;
    else if (answer.ok) this.said = `Cancelled: nothing is published to ${topic} (204).`;
    else this.said = describeFailure(answer);
    await this.#refresh.now();
    this.querySelector<HTMLElement>('.list')?.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <section class="panel">
        <div class="row title">
          <h2 id="schedules-title">Scheduled events</h2>
          ${this.page === undefined ? nothing : html`<p class="quiet number">${describeCount(this.page)} at ${formatClock(this.loadedMs)}</p>`}
        </div>
        <p class="quiet">Published with <code>at</code> or <code>delay</code>, and not due yet.</p>
        ${this.fault === '' ? nothing : html`<p class="fault" role="alert">${this.fault}</p>`}
        ${this.page === undefined ? html`<p>Waiting for the list.</p>` : this.#renderPage(this.page)}
        <p role="status">${this.said}</p>
      </section>
    `;
  }

  #renderPage({ schedules, next }: SchedulePage): TemplateResult {
    return html`
      <div class="scroll list" tabindex="0" role="region" aria-labelledby="schedules-title">
        <table>
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col">Event</th>
              <th scope="col" class="number">Due</th>
              <th scope="col">At</th>
              <th scope="col">Id</th>
              <th scope="col"><span class="hidden-label">Cancel</span></th>
            </tr>
          </thead>
          <tbody>${repeat(
            schedules,
            ({ id }) => id,
            (schedule) => this.#renderRow(schedule),
          )}</tbody>
        </table>
      </div>
      <div class="row">
        <button type="button" class="plain" ?disabled=${this.#afters.length === 1}
          @click=${() => this.#turn(this.#afters.slice(0, -1))}>Previous page</button>
        <button type="button" class="plain" ?disabled=${next === undefined}
          @click=${() => next !== undefined && this.#turn([...this.#afters, next])}>Next page</button>
      </div>
    `;
  }

  #renderRow(schedule: Schedule): TemplateResult {
    const { id, topic, event, at } = schedule;
    return html`
      <tr data-id=${id}>
        <th scope="row" class="mono">${topic}</th>
        <td class="mono">${event ?? html`<span class="quiet">none</span>`}</td>
        <td class="number">${toRelative(Date.parse(at), this.loadedMs)}</td>
        <td class="mono">${at}</td>
        <td class="mono">${id}</td>
        <td>${
          this.asked === id
            ? html`
              <button type="button" class="plain" @click=${() => this.#ask(undefined)}>Keep it</button>
              <button type="button" class="danger" @click=${() => this.#cancel(schedule)}>Cancel it</button>
            `
            : html`<button type="button" class="plain" aria-label="Cancel ${id}" @click=${() => this.#ask(id)}>Cancel</button>`
        }</td>
      </tr>
    `;
  }
}

function describeCount({ schedules, next }: SchedulePage): string {
  const count = `${formatCount(schedules.length)} ${schedules.length === 1 ? 'event' : 'events'}`;
  return next === undefined ? count : `${count}, and more`;
}

customElements.define('schedules-page', SchedulesPage);
