import { LitElement, type PropertyDeclarations } from 'lit';
import type { HubClient } from './hub-client.ts';

/**
 * What all pages of the console are: elements without a shadow, so that one style sheet holds for all, with the hub's client
 * as a property. Fields of subclasses are `declare`d, since a class field would hide lit's accessor.
 */
export class ConsolePage extends LitElement {
  static override properties: PropertyDeclarations = { hub: { attribute: false } };
  declare hub: HubClient;
  readonly #ends: (() => void)[] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** Runs when the page is left. */
  protected onLeave(end: () => void): void {
    this.#ends.push(end);
  }

  /** Runs at each change of the address while the page is there: a link to it may be followed while it is open. */
  protected onAddress(follow: () => void): void {
    addEventListener('hashchange', follow);
    this.onLeave(() => removeEventListener('hashchange', follow));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const end of this.#ends.splice(0)) end();
  }
}
