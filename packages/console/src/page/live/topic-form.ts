import { html, nothing, type TemplateResult } from 'lit';
import type { FollowedTopic } from './live-feed.ts';
import type { Replay } from './topic-address.ts';

/** What the form tells. */
export interface TopicFormActions {
  add(topics: readonly string[], replay: Replay): void;
  remove(topic: string): void;
}

/** Where topics are named, and the list of those that are followed. @param replay that was chosen last. */
export function renderTopicForm(
  topics: readonly FollowedTopic[],
  replay: Replay,
  { add, remove }: TopicFormActions,
): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const chosen = String(fields.get('replay'));
    const count = Number(fields.get('count'));
    // White space is in no topic.
    const named = String(fields.get('topic')).split(/\s+/).filter(Boolean);
    add(named, chosen === 'count' ? count : (chosen as Replay));
    const input = form.elements.namedItem('topic') as HTMLInputElement;
    input.value = '';
    input.focus();
  };
  const choose = (event: Event): void => {
    const { value, form } = event.currentTarget as HTMLSelectElement;
    const count = form?.elements.namedItem('count') as HTMLInputElement;
    count.disabled = value !== 'count';
  };
  const leave = (topic: string) => (event: Event) => {
    const panel = (event.currentTarget as Element).closest('section');
    remove(topic);
    panel?.querySelector('input')?.focus();
  };
  const chosen = typeof replay === 'number' ? 'count' : replay;
  const option = (value: string, text: string): TemplateResult =>
    html`<option value=${value} ?selected=${value === chosen}>${text}</option>`;
  return html`
    <section class="panel" aria-label="Topics">
      <form class="row" @submit=${submit}>
        <label>Topic or pattern
          <input name="topic" required autocomplete="off" autocapitalize="off" spellcheck="false"
            aria-describedby="topic-help">
        </label>
        <label>Of the past
          <select name="replay" @change=${choose}>
            ${option('none', 'nothing')} ${option('last', 'the last of each topic')}
            ${option('count', 'the last so many')} ${option('all', 'all that is kept')}
          </select>
        </label>
        <label class="topic-count">How many
          <input name="count" type="number" min="1" max="10000" required
            value=${typeof replay === 'number' ? replay : 100} ?disabled=${chosen !== 'count'}>
        </label>
        <button type="submit">Add</button>
      </form>
      <p class="quiet" id="topic-help"><code>*</code> is one token, <code>&gt;</code> at the end one or more:
        <code>orders.*</code>, <code>chat.&gt;</code>. <code>$hub.audit</code> tells who does
        what from now on: what was before is in the log of the hub alone.</p>
      <ul class="topic-list" aria-label="Topics that are followed">
        ${topics.map(
          ({ topic, received, fault }) => html`
            <li data-topic=${topic}>
              <code>${topic}</code>
              <span class="number quiet">${received}</span>
              <button type="button" class="plain" aria-label="Remove ${topic}" @click=${leave(topic)}>Remove</button>
              ${fault === '' ? nothing : html`<span class="fault" role="alert">${fault}</span>`}
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}
