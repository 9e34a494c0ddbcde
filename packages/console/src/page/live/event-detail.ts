import { html, nothing, type TemplateResult } from 'lit';
import { type EventBody, toPublishCurl } from '../curl.ts';
import { toExplainAddress } from '../explain/explain-question.ts';
import { describeGap, describeLatency } from './event-row.ts';
import { type LiveEntry, type LiveEvent, type LiveGap, layOut } from './live-entry.ts';

/** Everything about the row that is chosen. @param origin of the hub, for the command that publishes it again. */
export function renderDetail(entry: LiveEntry, origin: string): TemplateResult {
  return html`
    <section class="panel" aria-label="The selected event">
      ${entry.kind === 'gap' ? renderGap(entry) : renderEvent(entry, origin)}
    </section>
  `;
}

function renderEvent(entry: LiveEvent, origin: string): TemplateResult {
  const { event, text, bytes, arrivedMs } = entry;
  return html`
    <h2>${event.event ?? 'Unnamed event'} on <code>${event.topic}</code></h2>
    <dl class="facts">
      <dt>Id</dt><dd class="mono">${event.id ?? 'none: it is not stored'}</dd>
      <dt>Published</dt><dd class="mono">${event.time}</dd>
      <dt>Arrived</dt><dd class="mono">${new Date(arrivedMs).toISOString()}</dd>
      <dt>Latency</dt><dd>${describeLatency(entry)}</dd>
      <dt>Size</dt><dd class="number">${bytes} bytes of data</dd>
    </dl>
    <h3>Data, ${typeof event.data === 'string' ? 'as text' : 'as JSON'}</h3>
    <pre class="event-data" tabindex="0" role="region" aria-label="Data">${layOut(event.data)}</pre>
    <div class="row">
      <copy-button label="Copy data" .text=${text}></copy-button>
      ${event.id === undefined ? nothing : html`<a href=${toExplainAddress({ event: event.id })}>Explain its way to a user</a>`}
      ${
        event.topic.startsWith('$')
          ? html`<span class="quiet">The hub’s own topics can not be published to.</span>`
          : entry.isTooDeep
            ? nothing
            : html`<copy-button label="Copy as curl" .text=${toPublishCurl(origin, toBody(entry))}></copy-button>`
      }
    </div>
  `;
}

function renderGap({ gap }: LiveGap): TemplateResult {
  return html`
    <h2>Gap</h2>
    <p>At this place ${describeGap(gap.reason)} Whoever keeps state from events has to load it anew.</p>
    <dl class="facts">
      <dt>Reason</dt><dd class="mono">${gap.reason}</dd>
      <dt>From</dt><dd class="mono">${gap.from}</dd>
      <dt>To</dt><dd class="mono">${gap.to}</dd>
    </dl>
  `;
}

/** What a publisher sends for the same event. */
function toBody({ event }: LiveEvent): EventBody {
  return { topic: event.topic, ...(event.event !== undefined && { event: event.event }), data: event.data };
}
