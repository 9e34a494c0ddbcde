import type { Explanation, SessionExplanation } from '@tidings/protocol/client';
import { html, nothing, type TemplateResult } from 'lit';
import { formatCount } from '../quantity.ts';
import { abridgeTopics, shortIdOf } from '../sessions/session-list.ts';
import { listUnknown } from './unknown.ts';

const STATES: Readonly<Record<Explanation['event']['state'], string>> = {
  stored: 'stored',
  evicted: 'gone from history by age or size',
  gone: 'not kept any more',
  never: 'never was',
  'other-log': 'of another log',
};

/** The sessions of an answer, oldest first, and what is not known. */
export function renderSessions(explanation: Explanation): TemplateResult {
  const { sessions } = explanation;
  const unknown = listUnknown(explanation);
  return html`
    <section class="panel">
      <h2 id="explained-sessions">Sessions of the user</h2>
      ${sessions.length === 0 ? html`<p>None is remembered.</p>` : renderTable(sessions)}
    </section>
    ${
      unknown.length === 0
        ? nothing
        : html`
          <section class="panel" aria-labelledby="explained-unknown">
            <h2 id="explained-unknown">What is not known</h2>
            <ul class="plain-list">${unknown.map((line) => html`<li>${line}</li>`)}</ul>
          </section>
        `
    }
  `;
}

/** The event of an answer, as far as it is known. */
export function renderEvent({ event }: Explanation): TemplateResult {
  return html`
    <dl class="facts">
      <dt>Event</dt><dd class="mono">${event.id}</dd>
      <dt>State</dt><dd>${STATES[event.state]}</dd>
      ${renderFact('Topic', event.topic)} ${renderFact('Name', event.event)} ${renderFact('Published', event.time)}
      ${renderFact('Not sent to', event.exclude)}
    </dl>
  `;
}

const renderFact = (name: string, value: string | undefined): TemplateResult | typeof nothing =>
  value === undefined ? nothing : html`<dt>${name}</dt><dd class="mono">${value}</dd>`;

function renderTable(sessions: readonly SessionExplanation[]): TemplateResult {
  return html`
    <div class="scroll list" tabindex="0" role="region" aria-labelledby="explained-sessions">
      <table>
        <thead>
          <tr>
            <th scope="col">Session</th>
            <th scope="col">Written</th>
            <th scope="col">Acknowledged</th>
            <th scope="col">What became of it</th>
            <th scope="col">Topics</th>
            <th scope="col">Opened</th>
            <th scope="col">Closed</th>
            <th scope="col">Edge</th>
          </tr>
        </thead>
        <tbody>${sessions.map(renderRow)}</tbody>
      </table>
    </div>
  `;
}

function renderRow(session: SessionExplanation): TemplateResult {
  const { id, edge, opened, closed, end, topics, matched = [], resumedFrom, written, acknowledged, text } = session;
  const { shown, more } = abridgeTopics(matched.length > 0 ? matched : topics);
  return html`
    <tr>
      <th scope="row" class="mono" title=${id}>${shortIdOf(id)}</th>
      <td class=${written === 'yes' ? 'good' : nothing}>${written}</td>
      <td class=${acknowledged === 'yes' ? 'good' : nothing}>${
        // Of what was not written nobody can have had it from here.
        written === 'no' ? html`<span class="quiet">–</span>` : acknowledged
      }</td>
      <td>${text}</td>
      <td class="mono">${shown.join(', ')}${more > 0 ? html` <span class="quiet">and ${formatCount(more)} more</span>` : nothing}</td>
      <td class="mono whole">${opened}${resumedFrom === undefined ? nothing : html`<br><span class="quiet">from ${resumedFrom}</span>`}</td>
      <td class="mono whole">${closed ?? html`<span class="quiet">open</span>`}${end === undefined ? nothing : html`<br><span class="quiet">${end}</span>`}</td>
      <td class="mono whole">${edge}</td>
    </tr>
  `;
}
