import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { toExplainAddress } from '../explain/explain-question.ts';
import { toVisibleText } from '../visible-json.ts';
import { formatUnread, type InboxRow, type InboxView, readUpTo } from './inbox-list.ts';

/** How much of an inbox is read. */
export function renderCount({ count }: InboxView): TemplateResult {
  return html`
    <dl class="facts">
      <dt>Unread</dt><dd><strong class="unread-count">${formatUnread(count)}</strong></dd>
      <dt>Everything is read up to</dt><dd class="mono">${readUpTo(count) ?? html`<span class="quiet">nothing yet</span>`}</dd>
      <dt>Counted up to</dt><dd class="mono">${count.at}</dd>
    </dl>
  `;
}

/** The events of a page, newest first. @param markRead is told the id of one that is to be marked as read. */
export function renderRows(user: string, rows: readonly InboxRow[], markRead: (id: string) => void): TemplateResult {
  const renderRow = ({ id, name, time, glimpse, isRead }: InboxRow): TemplateResult => html`
    <tr data-id=${id}>
      <td class=${isRead ? 'quiet' : 'unread'}>${isRead ? 'read' : 'unread'}</td>
      <td class="mono whole">${time}</td>
      <td class="mono name"><bdi>${name ?? html`<span class="quiet">none</span>`}</bdi></td>
      <td class="mono"><div class="glimpse" dir="auto">${glimpse}</div></td>
      <th scope="row" class="mono"><a href=${toExplainAddress({ user, event: id })}>${id}</a></th>
      <td>${
        isRead
          ? nothing
          : html`<button type="button" class="plain whole" aria-label="Mark as read: ${id}" @click=${() => markRead(id)}>Mark as read</button>`
      }</td>
    </tr>
  `;
  return html`
    <div class="scroll list" tabindex="0" role="region" aria-labelledby="inbox-title">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Published</th>
            <th scope="col">Event</th>
            <th scope="col">Data</th>
            <th scope="col">Id</th>
            <th scope="col"><span class="hidden-label">Mark as read</span></th>
          </tr>
        </thead>
        <tbody>${repeat(rows, ({ id }) => id, renderRow)}</tbody>
      </table>
    </div>
  `;
}

/** Whose inbox it is: a user id may be any text without white space. */
export const renderOwner = (user: string): TemplateResult => html`<bdi class="mono name">${toVisibleText(user)}</bdi>`;
