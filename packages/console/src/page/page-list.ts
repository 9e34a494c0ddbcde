import { html, type TemplateResult } from 'lit';
import type { HubClient } from './hub-client.ts';

/** A page of the console. */
export interface PageEntry {
  /** In the address, behind `#/`. */
  readonly path: string;
  readonly title: string;
  readonly developmentOnly?: true;
  readonly render: (hub: HubClient) => TemplateResult;
}

const PAGES: readonly PageEntry[] = [
  { path: 'overview', title: 'Overview', render: (hub) => html`<overview-page .hub=${hub}></overview-page>` },
  { path: 'live', title: 'Live events', render: (hub) => html`<live-page .hub=${hub}></live-page>` },
  { path: 'publish', title: 'Publish', render: (hub) => html`<publish-page .hub=${hub}></publish-page>` },
  { path: 'sessions', title: 'Sessions', render: (hub) => html`<sessions-page .hub=${hub}></sessions-page>` },
  { path: 'explain', title: 'Explain', render: (hub) => html`<explain-page .hub=${hub}></explain-page>` },
  { path: 'inbox', title: 'Inbox', render: (hub) => html`<inbox-page .hub=${hub}></inbox-page>` },
  { path: 'schedules', title: 'Schedules', render: (hub) => html`<schedules-page .hub=${hub}></schedules-page>` },
  { path: 'webhooks', title: 'Webhooks', render: (hub) => html`<webhooks-page .hub=${hub}></webhooks-page>` },
  { path: 'tokens', title: 'Tokens', render: (hub) => html`<tokens-page .hub=${hub}></tokens-page>` },
  {
    path: 'break',
    title: 'Try to break it',
    developmentOnly: true,
    render: (hub) => html`<break-page .hub=${hub}></break-page>`,
  },
];

/** The page of an address's fragment, the first for an address without or with an unknown one. */
export function pageOf(hash: string, isDevelopment: boolean): PageEntry {
  const shown = pagesFor(isDevelopment);
  const path = hash.replace(/^#\//, '').split('?')[0];
  return shown.find((page) => page.path === path) ?? (shown[0] as PageEntry);
}

export const pagesFor = (isDevelopment: boolean): readonly PageEntry[] =>
  PAGES.filter(({ developmentOnly }) => isDevelopment || developmentOnly !== true);
