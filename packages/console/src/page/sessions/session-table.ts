import type { SessionView } from '@tidings/protocol/client';
import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { formatAge, formatBytes, formatCount } from '../quantity.ts';
import { abridgeTopics, shortIdOf } from './session-list.ts';

export interface SessionTableParts {
  readonly sessions: readonly SessionView[];
  readonly selected: string | undefined;
  /** The session of this page. */
  readonly own: string | undefined;
  readonly nowMs: number;
  readonly select: (id: string) => void;
}

/** A row for each session. Rows stay the same elements as long as their session does, so that focus stays with them. */
export function renderSessions({ sessions, selected, own, nowMs, select }: SessionTableParts): TemplateResult {
  const renderRow = ({ id, user, topics, edge, since, delivered, lag, bytes }: SessionView): TemplateResult => {
    const { shown, more } = abridgeTopics(topics);
    return html`
      <tr data-selected=${id === selected} @click=${() => select(id)}>
        <th scope="row">
          <button type="button" class="plain mono pick" aria-expanded=${id === selected} title=${id}>${shortIdOf(id)}</button>
        </th>
        <td>${user ?? html`<span class="quiet">none</span>`}${id === own ? html` <span class="quiet">(this page)</span>` : nothing}</td>
        <td class="mono">${shown.join(', ')}${more > 0 ? html` <span class="quiet">and ${formatCount(more)} more</span>` : nothing}</td>
        <td class="mono">${edge}</td>
        <td class="number">${formatAge(nowMs - Date.parse(since))}</td>
        <td class="number">${formatCount(delivered)}</td>
        <td class="number">${formatCount(lag)}</td>
        <td class="number">${formatBytes(bytes)}</td>
      </tr>
    `;
  };
  return html`
    <div class="scroll list" tabindex="0" role="region" aria-labelledby="sessions-title">
      <table class="sessions">
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">User</th>
            <th scope="col">Topics</th>
            <th scope="col">Edge</th>
            <th scope="col" class="number">Age</th>
            <th scope="col" class="number">Delivered</th>
            <th scope="col" class="number">Lag</th>
            <th scope="col" class="number">Bytes</th>
          </tr>
        </thead>
        <tbody>${repeat(sessions, ({ id }) => id, renderRow)}</tbody>
      </table>
    </div>
  `;
}
