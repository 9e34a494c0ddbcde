// What arrives becomes text nodes, never markup.

const MOST_ROWS = 5_000;
// How long rows may wait when no frame comes, as in a hidden tab: the browser then runs timers alone, and rarely.
const FRAME_FALLBACK_MS = 1_000;
const HIDDEN_FLUSH_MS = 250;
const DEFAULT_EVENT_NAMES = 'message, line, end, status';

const part = (id) => document.getElementById(id);
const settings = readSettings();
const list = part('events');
// Not every browser lets the arrow keys reach what scrolls.
list.tabIndex = 0;

let source;
let listeningTo = '';
let count = 0;
let pending = [];
let frame = 0;
let timer = 0;

function readSettings() {
  try {
    return JSON.parse(part('tidings').textContent);
  } catch {
    return {};
  }
}

function setState(state, note = '') {
  part('state').textContent = state;
  part('state').dataset.state = state;
  part('note').textContent = note;
}

function rowOf({ name, data, id, time }) {
  const row = document.createElement('li');
  row.dataset.event = name;
  row.dataset.id = id;
  for (const [tag, className, text] of [
    ['time', 'time', time],
    ['span', 'name', name],
    ['span', 'data', data],
    ['span', 'cursor', id],
  ]) {
    const cell = document.createElement(tag);
    cell.className = className;
    cell.textContent = text;
    if (className === 'name' || className === 'cursor') cell.title = text;
    row.append(cell);
  }
  return row;
}

// One pass over the DOM for all that came since the last, whatever its number.
function flush() {
  cancelAnimationFrame(frame);
  clearTimeout(timer);
  frame = 0;
  timer = 0;
  const rows = pending.slice(-MOST_ROWS).map(rowOf);
  pending = [];
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  for (let excess = list.childElementCount + rows.length - MOST_ROWS; excess > 0; excess -= 1)
    list.firstChild?.remove();
  list.append(...rows);
  // Whoever reads further up is left in peace.
  if (atEnd) list.scrollTop = list.scrollHeight;
  part('count').textContent = String(count);
  part('shown').textContent = count > list.childElementCount ? `, the newest ${list.childElementCount} shown` : '';
}

function schedule() {
  if (timer !== 0) return;
  // A frame that was asked for never comes once the page is hidden: the timer is there in either case.
  if (!document.hidden) frame = requestAnimationFrame(flush);
  timer = setTimeout(flush, document.hidden ? HIDDEN_FLUSH_MS : FRAME_FALLBACK_MS);
}

function receive(event) {
  const now = new Date();
  const time = `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, '0')}`;
  count += 1;
  pending.push({ name: event.type, data: event.data, id: event.lastEventId, time });
  // Browsers may run the timers of a hidden page once a minute only: what would not be shown need not wait.
  if (pending.length >= 2 * MOST_ROWS) pending = pending.slice(-MOST_ROWS);
  schedule();
}

function clear() {
  pending = [];
  count = 0;
  list.replaceChildren();
  flush();
}

function eventNames() {
  const names = part('event-names')
    .value.split(',')
    .map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== '' && !name.startsWith('hub.'));
}

function streamPath(token) {
  const query = new URLSearchParams({ topic: part('topic').value.trim(), replay: 'all' });
  if (token !== undefined) query.set('access_token', token);
  return `/v1/stream?${query}`;
}

// EventSource does not say why it was refused; a plain request to the same address does.
async function reasonOfRefusal(path) {
  const controller = new AbortController();
  try {
    const answer = await fetch(`${path}&client=tidings-page/1`, {
      headers: { Accept: 'text/event-stream' },
      signal: controller.signal,
    });
    if (answer.ok) return 'The stream was closed. Press Listen to open it again.';
    const problem = await answer.json().catch(() => ({}));
    return `${answer.status} ${problem.detail ?? problem.title ?? answer.statusText}`;
  } catch {
    return 'The hub can not be reached. Press Listen to try again.';
  } finally {
    controller.abort();
  }
}

function listen() {
  source?.close();
  clear();
  setState('connecting');
  listeningTo = `${part('topic').value}\n${part('event-names').value}`;
  const path = streamPath(settings.subscribeToken);
  const opened = new EventSource(path);
  source = opened;
  let goodbye = '';
  let gap = '';

  for (const name of eventNames()) {
    // A published event may be called `error` or `open`, like the browser's own: those carry no data.
    opened.addEventListener(name, (event) => event instanceof MessageEvent && receive(event));
  }
  opened.addEventListener('hub.hello', () => setState('connecting', 'History is being sent.'));
  opened.addEventListener('hub.live', () => {
    goodbye = '';
    setState('live', gap);
  });
  opened.addEventListener('hub.gap', (event) => {
    gap = `Some history is gone (${JSON.parse(event.data).reason}).`;
  });
  opened.addEventListener('hub.bye', (event) => {
    goodbye = `The hub closed the stream: ${JSON.parse(event.data).reason}.`;
  });
  opened.addEventListener('error', async (event) => {
    if (event instanceof MessageEvent) return;
    if (opened.readyState !== EventSource.CLOSED) return setState('reconnecting', goodbye);
    setState('closed', goodbye);
    const reason = await reasonOfRefusal(path);
    if (source === opened) setState('closed', goodbye === '' ? reason : `${goodbye} ${reason}`);
  });
}

function follow() {
  const open = source !== undefined && source.readyState !== EventSource.CLOSED;
  // Enter in a field that changed is a change and then a submit: one connection is enough.
  if (open && listeningTo === `${part('topic').value}\n${part('event-names').value}`) return;
  const url = new URL(location.href);
  url.searchParams.set('topic', part('topic').value.trim());
  url.searchParams.set('events', part('event-names').value);
  history.replaceState(null, '', url);
  showCurl();
  listen();
}

function publication() {
  const event = part('publish-event').value;
  return JSON.stringify({
    topic: part('topic').value.trim(),
    ...(event !== '' && { event }),
    data: part('publish-data').value,
    ...(part('publish-final').checked && { final: true }),
  });
}

function showCurl() {
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const bearer = (token) => `-H ${quote(`Authorization: Bearer ${token ?? 'TOKEN'}`)}`;
  part('publish-curl').textContent = [
    `curl ${quote(`${location.origin}/v1/events`)}`,
    bearer(settings.publishToken),
    "-H 'Content-Type: application/json'",
    `-d ${quote(publication())}`,
  ].join(' ');
  part('stream-curl').textContent =
    `curl -N ${quote(location.origin + streamPath())} ${bearer(settings.subscribeToken)}`;
}

async function publish() {
  const answer = part('publish-answer');
  answer.textContent = '…';
  delete answer.dataset.ok;
  try {
    const response = await fetch('/v1/events', {
      method: 'POST',
      headers: { Authorization: `Bearer ${settings.publishToken}`, 'Content-Type': 'application/json' },
      body: publication(),
    });
    answer.textContent = `${response.status} ${await response.text()}`;
    answer.dataset.ok = String(response.ok);
  } catch (error) {
    answer.textContent = `The hub can not be reached: ${error.message}.`;
    answer.dataset.ok = 'false';
  }
}

const asked = new URLSearchParams(location.search);
part('topic').value = asked.get('topic') ?? settings.topic ?? 'demo.1';
part('event-names').value = asked.get('events') ?? DEFAULT_EVENT_NAMES;
part('stream-form').addEventListener('change', follow);
part('stream-form').addEventListener('submit', (event) => {
  event.preventDefault();
  follow();
});
part('publish-form').addEventListener('submit', (event) => {
  event.preventDefault();
  publish();
});
part('publish-form').addEventListener('input', showCurl);
// As the hub prints it: the console takes the token out of its address.
if (settings.adminToken !== undefined) part('console').href = `/console#token=${settings.adminToken}`;
showCurl();
listen();
