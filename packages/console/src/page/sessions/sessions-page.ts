import { html, type TemplateResult } from 'lit';
import { ConsolePage } from '../console-page.ts';

class SessionsPage extends ConsolePage {
  protected override render(): TemplateResult {
    return html`<p>Nothing yet.</p>`;
  }
}

customElements.define('sessions-page', SessionsPage);
