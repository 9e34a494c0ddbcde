import { createTidings, type Subscription } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { ask, fetchToken, keepAtEnd, root, showFinite } from '../frame/frame.ts';
import type { BuildTopics, Line } from './back-end.ts';

const tidings = createTidings<BuildTopics>({ token: fetchToken });
let lines: Line[] = [];
let state = '';
let following: Subscription | undefined;

function clear(): void {
  following?.unsubscribe();
  lines = [];
  state = 'Nothing was built yet.';
}

async function follow(id: string): Promise<void> {
  clear();
  state = 'Waiting for the first line. Logs are kept for an hour.';
  const log = tidings.subscribe(`demo.build.${id}`, { until: 'final' });
  following = log;
  showFinite(tidings, log);
  for await (const { event, data } of log) {
    if (event === 'failed') state = 'The build could not be run.';
    else if ('exitCode' in data) state = `The build ended with exit code ${data.exitCode}.`;
    else {
      lines.push(data);
      state = 'The build is running.';
    }
    update();
  }
}

async function start(event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const form = new FormData(event.currentTarget as HTMLFormElement);
  const { id } = await ask<{ id: string }>('start', { fails: form.has('fails') });
  history.pushState(null, '', `?build=${id}`);
  await follow(id);
}

const view = () => html`
  <form class="row" @submit=${start}>
    <button>Start a build</button>
    <label class="check"><input type="checkbox" name="fails"> that fails</label>
    <button type="button" class="plain" @click=${() => location.reload()}>Reload now</button>
  </form>
  <pre class="log" tabindex="0" role="region" aria-label="Log"
    >${lines.map(({ stream, text }) => html`<span class=${stream}>${text}\n</span>`)}</pre>
  <p class="quiet" role="status">${state}</p>
`;

function update(): void {
  keepAtEnd('.log', () => render(view(), root));
}

function showAddress(): void {
  const id = new URLSearchParams(location.search).get('build');
  if (id) void follow(id);
  else clear();
  update();
}

addEventListener('popstate', showAddress);
showAddress();
