import { createTidings, type Subscription } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { ask, fetchToken, root, showFinite } from '../frame/frame.ts';
import type { LlmTopics } from './back-end.ts';

const tidings = createTidings<LlmTopics>({ token: fetchToken });
let answer = '';
let state = '';
let following: Subscription | undefined;

const WRITING = 'The model is writing.';

function clear(): void {
  following?.unsubscribe();
  answer = '';
  state = 'Nothing asked yet.';
}

async function follow(id: string): Promise<void> {
  clear();
  state = 'Waiting for the first word. Answers are kept for an hour.';
  // From its first token, whenever one comes, and to its final event: then the loop ends.
  const tokens = tidings.subscribe(`demo.llm.${id}`, { until: 'final' });
  following = tokens;
  showFinite(tidings, tokens);
  for await (const { event, data } of tokens) {
    if (event === 'failed') state = 'The model gave up.';
    else if (event === 'end') state = `The answer is complete: ${answer.split(' ').length} words.`;
    else {
      answer += data;
      state = WRITING;
    }
    update();
  }
}

async function submit(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const question = new FormData(event.currentTarget as HTMLFormElement).get('question');
  const { id } = await ask<{ id: string }>('ask', { question });
  // The address says which answer this is: it may be reloaded, kept, or sent to somebody.
  history.pushState(null, '', `?answer=${id}`);
  await follow(id);
}

function update(): void {
  render(
    html`
      <form class="row" @submit=${submit}>
        <label>Question <input name="question" required maxlength="500" value="How does this text come to me?"></label>
        <button>Ask</button>
      </form>
      <article class="answer" aria-label="Answer" aria-busy=${state === WRITING}>${answer}</article>
      <div class="row">
        <p class="quiet" role="status">${state}</p>
        <button type="button" class="plain" @click=${() => location.reload()}>Reload now</button>
      </div>
    `,
    root,
  );
}

function showAddress(): void {
  const id = new URLSearchParams(location.search).get('answer');
  if (id) void follow(id);
  else clear();
  update();
}

addEventListener('popstate', showAddress);
showAddress();
