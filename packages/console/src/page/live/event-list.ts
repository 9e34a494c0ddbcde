import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { EventLog } from './event-log.ts';
import { COLUMNS, renderRow, toRowId } from './event-row.ts';
import type { LiveEntry } from './live-entry.ts';
import { moveRow, ROW_PX, toRowWindow, toScrollPx } from './row-window.ts';

/**
 * A grid of what a log shows, of which only the rows that are seen are in the document. It stays at its end until one scrolls
 * up. Tells `entry-selected` of the row that is chosen.
 */
class EventList extends LitElement {
  static override properties: PropertyDeclarations = {
    log: { attribute: false },
    version: { attribute: false },
    selected: { attribute: false },
    scrollPx: { state: true },
    heightPx: { state: true },
    isFollowing: { state: true },
  };
  declare log: EventLog;
  /** Another one whenever the log has changed. */
  declare version: number;
  declare selected: LiveEntry | undefined;
  declare private scrollPx: number;
  declare private heightPx: number;
  declare private isFollowing: boolean;
  // Of the log, as it was drawn last.
  #passed = 0;
  // Only where the list itself scrolls: whoever scrolls it otherwise must not be held back.
  #mustScroll = false;
  #observer: ResizeObserver | undefined;

  constructor() {
    super();
    this.scrollPx = 0;
    this.heightPx = 400;
    this.isFollowing = true;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  get #scroller(): HTMLElement {
    return this.querySelector('[role="grid"]') as HTMLElement;
  }

  readonly #onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.scrollPx = scrollTop;
    this.isFollowing = scrollTop + clientHeight >= scrollHeight - ROW_PX / 2;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const { shown } = this.log;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = moveRow(event.key, this.#rowOf(this.selected), shown.length, this.heightPx);
    if (target === undefined) return;
    event.preventDefault();
    this.#scroller.scrollTop = toScrollPx(target, this.#scroller.scrollTop, this.heightPx);
    this.#onScroll();
    this.#select(target);
  };

  readonly #onClick = (event: MouseEvent): void => {
    const row = (event.target as Element).closest<HTMLElement>('[data-row]')?.dataset.row;
    if (row !== undefined) this.#select(Number(row));
  };

  readonly #follow = (): void => {
    this.isFollowing = true;
    this.#scroller.focus();
  };

  #select(row: number): void {
    const detail = this.log.shown.at(row);
    if (detail !== undefined) this.dispatchEvent(new CustomEvent('entry-selected', { detail, bubbles: true }));
  }

  #rowOf(entry: LiveEntry | undefined): number {
    if (entry === undefined) return -1;
    const row = this.log.shown.search(({ number }) => number < entry.number);
    return this.log.shown.at(row) === entry ? row : -1;
  }

  protected override willUpdate(): void {
    const { shown, passed } = this.log;
    const movedPx = (passed - this.#passed) * ROW_PX;
    this.#passed = passed;
    if (this.isFollowing) this.scrollPx = Math.max(0, shown.length * ROW_PX - this.heightPx);
    // What one reads stays where it is, as rows above it go.
    else this.scrollPx = Math.max(0, this.scrollPx - movedPx);
    this.#mustScroll = this.isFollowing || movedPx > 0;
  }

  protected override render(): TemplateResult {
    const { shown } = this.log;
    const { first, end } = toRowWindow(shown.length, this.scrollPx, this.heightPx);
    const selectedRow = this.#rowOf(this.selected);
    const rows: TemplateResult[] = [];
    for (let row = first; row < end; row += 1) {
      rows.push(renderRow(shown.at(row) as LiveEntry, { row, isSelected: row === selectedRow }));
    }
    const isActive = selectedRow >= first && selectedRow < end;
    return html`
      <div role="grid" class="event-list" tabindex="0" aria-label="Events" aria-rowcount=${shown.length + 1}
        aria-colcount=${COLUMNS.length}
        aria-activedescendant=${isActive ? toRowId(this.selected as LiveEntry) : nothing}
        @scroll=${this.#onScroll} @keydown=${this.#onKey} @click=${this.#onClick}>
        <div role="rowgroup" class="event-head">
          <div role="row" class="event-row" aria-rowindex="1">
            ${COLUMNS.map((name) => html`<span role="columnheader">${name}</span>`)}
          </div>
        </div>
        <div role="rowgroup" class="event-rows">${rows}</div>
      </div>
      <p class="row">
        <span class="quiet">${shown.length === 0 ? 'No events to show.' : nothing}</span>
        ${
          this.isFollowing
            ? nothing
            : html`<button type="button" class="plain" @click=${this.#follow}>Follow the newest</button>`
        }
      </p>
    `;
  }

  protected override firstUpdated(): void {
    const measure = (): void => {
      this.heightPx = Math.max(ROW_PX, this.#scroller.clientHeight - ROW_PX);
    };
    this.#observer = new ResizeObserver(measure);
    this.#observer.observe(this.#scroller);
    measure();
  }

  protected override updated(): void {
    const { shown } = this.log;
    const rows = this.querySelector('.event-rows') as HTMLElement;
    const { first } = toRowWindow(shown.length, this.scrollPx, this.heightPx);
    rows.style.height = `${shown.length * ROW_PX}px`;
    rows.style.paddingTop = `${first * ROW_PX}px`;
    if (this.#mustScroll) this.#scroller.scrollTop = this.scrollPx;
  }
}

customElements.define('event-list', EventList);
