// @ts-check
// Without the SDK: an EventSource to listen, and fetch to speak.

// In the fragment, which no server sees: #url=…&token=…&publish=…&desk=7&name=Ada
const settings = new URLSearchParams(location.hash.slice(1));
const url = settings.get('url') ?? location.origin;
const topic = `desk.${settings.get('desk') ?? '7'}`;
const name = settings.get('name') ?? 'somebody';

const list = /** @type {HTMLElement} */ (document.querySelector('ul'));
const typing = /** @type {HTMLElement} */ (document.querySelector('#typing'));
const input = /** @type {HTMLInputElement} */ (document.querySelector('input'));
let session = '';

/** In an application this request goes to your own server. @param {Record<string, string>} query @param {object} data */
const publish = (query, data) =>
  fetch(`${url}/v1/topics/${topic}/events?${new URLSearchParams(query)}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${settings.get('publish')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(data),
  });

const query = new URLSearchParams({ topic, replay: 'all', access_token: settings.get('token') ?? '' });
const source = new EventSource(`${url}/v1/stream?${query}`);
source.addEventListener('hub.hello', ({ data }) => {
  ({ session } = JSON.parse(data));
});

source.addEventListener('message', ({ data }) => {
  const { from, text } = JSON.parse(data);
  list.append(Object.assign(document.createElement('li'), { textContent: `${from}: ${text}` }));
  typing.textContent = '';
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
source.addEventListener('typing', ({ data }) => {
  typing.textContent = `${JSON.parse(data).from} is typing …`;
  clearTimeout(timer);
  timer = setTimeout(() => {
    typing.textContent = '';
  }, 3_000);
});

let toldMs = 0;
input.oninput = () => {
  if (Date.now() - toldMs < 1_000) return;
  toldMs = Date.now();
  // Kept nowhere, and not sent back to this page.
  void publish({ event: 'typing', store: 'false', exclude: session }, { from: name });
};
input.form?.addEventListener('submit', (submission) => {
  submission.preventDefault();
  void publish({}, { from: name, text: input.value });
  input.value = '';
  toldMs = 0;
});
