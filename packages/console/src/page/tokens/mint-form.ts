import { html, type TemplateResult } from 'lit';

/** What `POST /console/development/tokens` takes. */
export interface MintRequest {
  readonly lifetimeSec: number;
  readonly sub?: string;
  readonly tenant?: string;
  readonly tidings: {
    readonly subscribe: readonly string[];
    readonly publish: readonly string[];
    readonly admin: boolean;
  };
}

/** Reads the form. Topics have no white space, so that it stands between them. */
function toMintRequest(fields: FormData): MintRequest {
  const text = (name: string): string => String(fields.get(name) ?? '').trim();
  const words = (name: string): readonly string[] => text(name).split(/\s+/).filter(Boolean);
  const [sub, tenant] = [text('sub'), text('tenant')];
  return {
    lifetimeSec: Number(text('lifetime')),
    ...(sub !== '' && { sub }),
    ...(tenant !== '' && { tenant }),
    tidings: { subscribe: words('subscribe'), publish: words('publish'), admin: fields.get('admin') !== null },
  };
}

const LIFETIMES = { 60: 'a minute', 3600: 'an hour', 86400: 'a day', 2678400: '31 days' } as const;

/** The form that makes a token, in development alone. */
export function renderMintForm(mint: (request: MintRequest) => void, fault: string): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    mint(toMintRequest(new FormData(event.currentTarget as HTMLFormElement)));
  };
  return html`
    <section class="panel" aria-label="Mint a token">
      <h2>Mint a token</h2>
      <p class="quiet">In development alone, with the secret that this hub made for itself.</p>
      <form class="mint-form" @submit=${submit}>
        <div class="row">
          <label>User (sub) <input name="sub" autocomplete="off" spellcheck="false" value="alice" maxlength="255"></label>
          <label>Tenant <input name="tenant" autocomplete="off" spellcheck="false" placeholder="default" maxlength="64">
          </label>
        </div>
        <label>May subscribe to, with spaces between
          <input name="subscribe" autocomplete="off" spellcheck="false" placeholder="orders.* chat.>">
        </label>
        <label>May publish to, with spaces between
          <input name="publish" autocomplete="off" spellcheck="false" placeholder="orders.>">
        </label>
        <div class="row">
          <label>Lives for
            <select name="lifetime">
              ${Object.entries(LIFETIMES).map(
                ([sec, words]) => html`<option value=${sec} ?selected=${sec === '3600'}>${words}</option>`,
              )}
            </select>
          </label>
          <label class="check"><input type="checkbox" name="admin"> Admin</label>
          <button type="submit">Mint</button>
        </div>
      </form>
      <p class="fault" role="alert">${fault}</p>
    </section>
  `;
}
