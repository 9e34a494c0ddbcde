import { html, nothing, type PropertyDeclarations, svg, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';
import { describeFailure } from '../hub-client.ts';
import { Arrivals } from './arrivals.ts';
import { type FaultButton, toButtons } from './fault-words.ts';
import { startNumberSource } from './number-source.ts';
import { SequenceTally } from './sequence-tally.ts';

interface Deed {
  readonly atMs: number;
  readonly label: string;
  /** What was answered; empty while it is under way. */
  readonly outcome: string;
}

const PER_SEC = 20;
const SLOT_MS = 500;
const SLOTS = 120;
const REFRESH_MS = 250;
const MOST_DEEDS = 20;
const CHART_HEIGHT = 80;

/** Publishes numbers, receives them by the page's stream, and counts what is missing while things are broken on purpose. */
class BreakPage extends ConsolePage {
  static override properties: PropertyDeclarations = {
    deeds: { state: true },
    underWay: { state: true },
    fault: { state: true },
  };
  declare private deeds: readonly Deed[];
  declare private underWay: number;
  declare private fault: string;
  readonly #topic = `demo.break.${crypto.randomUUID().slice(0, 8)}`;
  readonly #tally = new SequenceTally();
  #arrivals = new Arrivals(SLOTS, SLOT_MS, performance.now());
  #reconnects = 0;
  #gaps = 0;

  constructor() {
    super();
    this.deeds = [];
    this.underWay = 0;
    this.fault = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { tidings, access } = this.hub;
    const subscription = tidings.subscribe(this.#topic, ({ data }) => {
      this.#tally.receive(data);
      this.#arrivals.add(performance.now());
    });
    // The stream may be open already, for the page that was shown before.
    let wasOpen = tidings.state === 'open';
    const stopState = tidings.on('state', ({ state }) => {
      if (state === 'open' && wasOpen) this.#reconnects += 1;
      wasOpen ||= state === 'open';
    });
    const stopGap = tidings.on('gap', () => {
      this.#gaps += 1;
    });
    const refresh = setInterval(() => this.requestUpdate(), REFRESH_MS);
    this.onLeave(() => {
      subscription.unsubscribe();
      stopState();
      stopGap();
      clearInterval(refresh);
    });
    subscription.ready.then(
      () => this.#startNumbers(access.token),
      (error: unknown) => {
        this.fault = `The page could not subscribe: ${(error as Error).message}`;
      },
    );
  }

  #startNumbers(token: string): void {
    if (!this.isConnected) return;
    this.#arrivals = new Arrivals(SLOTS, SLOT_MS, performance.now());
    const source = startNumberSource({
      topic: this.#topic,
      token,
      perSec: PER_SEC,
      onAccepted: (number) => this.#tally.accept(number),
      onFault: (message) => {
        this.fault = `Publishing ended: ${message}`;
      },
    });
    this.onLeave(() => source.stop());
  }

  async #bring({ name, target, label }: FaultButton): Promise<void> {
    const deed: Deed = { atMs: performance.now(), label, outcome: '' };
    this.deeds = [deed, ...this.deeds].slice(0, MOST_DEEDS);
    this.underWay += 1;
    let outcome: string;
    try {
      const aim = name === 'drop-connection' ? (this.hub.tidings.session ?? '') : target;
      const json = { target: aim };
      const answer = await this.hub.request('POST', `/console/development/faults/${name}`, { json });
      outcome = answer.ok ? (answer.body as { done: string }).done : describeFailure(answer);
    } catch (error) {
      outcome = (error as Error).message;
    }
    this.underWay -= 1;
    this.deeds = this.deeds.map((each) => (each === deed ? { ...deed, outcome } : each));
  }

  protected override render(): TemplateResult {
    const buttons = toButtons(this.hub.development?.faults ?? []);
    const isCluster = buttons.some(({ name }) => name === 'kill-edge');
    return html`
      <p class="lead">This page publishes ${PER_SEC} numbers a second to <code>${this.#topic}</code>, and receives them by its own
        stream. Break something, and watch whether a number is lost.</p>
      <section class="panel" aria-labelledby="break-count">
        <h2 id="break-count">Count</h2>
        ${this.#renderCounts()}
        ${this.#renderChart()}
      </section>
      <div class="columns">
      <section class="panel" aria-labelledby="break-faults">
        <h2 id="break-faults">Break something</h2>
        <ul class="fault-list">
          ${buttons.map(
            (button) => html`
              <li>
                <button type="button" class="danger" @click=${() => this.#bring(button)}>${button.label}</button>
                <span class="quiet">${button.meaning}</span>
              </li>
            `,
          )}
        </ul>
        ${
          isCluster
            ? nothing
            : html`<p class="quiet">This hub is one process: there is no edge to restart and no leader to step down. Run
              <code>npm run dev:cluster</code> for both.</p>`
        }
      </section>
      <section class="panel" aria-labelledby="break-log">
        <h2 id="break-log">What was done</h2>
        <div role="log" aria-labelledby="break-log">
          <ol class="deed-list" reversed>
            ${this.deeds.map(({ label, outcome }) => html`<li>${label}: ${outcome === '' ? 'under way …' : outcome}</li>`)}
          </ol>
        </div>
        ${this.deeds.length === 0 ? html`<p class="quiet">Nothing yet.</p>` : nothing}
      </section>
      </div>
    `;
  }

  #renderCounts(): TemplateResult {
    const { accepted, received, onTheWay, missing, repeated, late } = this.#tally.counts;
    const wrong = missing + repeated + late + this.#gaps;
    const count = (label: string, value: number | string, isFault = false): TemplateResult => html`
      <div class=${isFault ? 'tile fault' : 'tile'}><dt>${label}</dt><dd class="number"><strong>${value}</strong></dd></div>
    `;
    return html`
      <dl class="tiles">
        ${count('stored', accepted)} ${count('received', received)} ${count('on the way', onTheWay)}
        ${count('missing', missing, missing > 0)} ${count('repeated', repeated, repeated > 0)}
        ${count('out of order', late, late > 0)} ${count('reconnects', this.#reconnects)}
        ${count('longest pause', `${Math.round(this.#arrivals.longestPauseMs)} ms`)}
      </dl>
      <p class=${wrong > 0 || this.fault !== '' ? 'verdict fault' : 'verdict good'} role="status">
        ${
          this.fault ||
          (wrong > 0
            ? `Not exact: ${missing} missing, ${repeated} repeated, ${late} out of order, ${this.#gaps} gaps.`
            : accepted === 0
              ? 'Waiting for the stream.'
              : 'Nothing is lost: every number came once and in order.')
        }
      </p>
    `;
  }

  #renderChart(): TemplateResult {
    const nowMs = performance.now();
    const slots = this.#arrivals.slots(nowMs);
    const most = Math.max(PER_SEC, ...slots);
    const marks = this.deeds.flatMap(({ atMs }) => this.#arrivals.placeOf(atMs, nowMs) ?? []);
    return html`
      <svg class="arrivals" viewBox="0 0 ${SLOTS * 5} ${CHART_HEIGHT}" preserveAspectRatio="none" role="img"
        aria-label="Numbers received in each half second of the last minute; faults are marked.">
        ${slots.map((value, place) => {
          const height = (value / most) * (CHART_HEIGHT - 4);
          return svg`<rect class="arrival" x=${place * 5} y=${CHART_HEIGHT - height} width="4" height=${height}></rect>`;
        })}
        ${marks.map((place) => svg`<rect class="deed" x=${place * 5 + 1} y="0" width="2" height=${CHART_HEIGHT}></rect>`)}
      </svg>
      <p class="quiet">Received in each half second of the last minute. A red line is a fault.</p>
    `;
  }
}

customElements.define('break-page', BreakPage);
