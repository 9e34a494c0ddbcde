// @ts-check
import { createTidings } from '@tidings/sdk/subscriber';

// In the fragment, which no server sees: #url=http://127.0.0.1:8080&token=…&topic=chat.42
const settings = new URLSearchParams(location.hash.slice(1));
const topic = settings.get('topic') ?? 'chat.42';
const tidings = createTidings({
  url: settings.get('url') ?? location.origin,
  token: settings.get('token') ?? '',
});

const answer = /** @type {HTMLElement} */ (document.querySelector('#answer'));
const state = /** @type {HTMLElement} */ (document.querySelector('#state'));

tidings.on('error', ({ message }) => {
  state.textContent = message;
});

// A reload begins at the first token again; a connection that is lost in between goes on where it was.
state.textContent = 'thinking';
for await (const { event, data } of tidings.subscribe(topic, { until: 'final' })) {
  if (event === 'token') answer.append(String(data));
}
state.textContent = 'done';
