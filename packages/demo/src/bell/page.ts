import { createTidings } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ask, fetchToken, me, root, showConnection } from '../frame/frame.ts';
import type { BellTopics } from './back-end.ts';

interface Notification {
  title: string;
  time: string;
}

const notifications = new Map<string, Notification>();
const read = new Set<string>();

// All tabs of this user share one connection.
const tidings = createTidings<BellTopics>({ token: fetchToken, user: me });
showConnection(tidings);

tidings.subscribe(
  `user.${me}`,
  ({ id, time, data }) => {
    if ('read' in data) for (const each of data.read) read.add(each);
    else if (id) notifications.set(id, { title: data.title, time });
    update();
  },
  { replay: 100 },
);

tidings.subscribe(
  'demo.bell.everybody',
  ({ id, time, data }) => {
    if (id) notifications.set(id, { title: data.title, time });
    update();
  },
  { replay: 20 },
);

// Nothing changes here: the page hears of it like all others.
async function markRead(ids: readonly string[]): Promise<void> {
  await ask('read', { user: me, ids: ids.slice(0, 50) });
  // The button that was pressed is gone then: the keyboard goes on in the list.
  root.querySelector<HTMLElement>('.notifications')?.focus();
}

function update(): void {
  const newestFirst = [...notifications].sort(([, one], [, other]) => other.time.localeCompare(one.time));
  const unread = newestFirst.flatMap(([id]) => (read.has(id) ? [] : id));
  document.title = `${unread.length > 0 ? `(${unread.length}) ` : ''}Notifications of ${me}`;
  render(
    html`
      <div class="row">
        <p class="count" role="status"><strong class="number">${unread.length}</strong> unread</p>
        <button class="plain" ?disabled=${unread.length === 0} @click=${() => markRead(unread)}>Mark all as read</button>
      </div>
      <ul class="notifications" tabindex="0" aria-label="Notifications">${repeat(newestFirst, ([id]) => id, notificationView)}</ul>
      <div class="row">
        <button @click=${() => ask('notify', { user: me })}>Notify me</button>
        <button class="plain" @click=${() => ask('notify-everybody', { from: me })}>Notify everybody</button>
      </div>
    `,
    root,
  );
}

const notificationView = ([id, { title, time }]: [string, Notification]) => html`
  <li class=${read.has(id) ? 'read' : 'unread'}>
    <span>${title} <time class="quiet" datetime=${time}>${new Date(time).toLocaleTimeString()}</time></span>
    ${read.has(id) ? html`<span class="quiet">read</span>` : readButton(id, title)}
  </li>
`;

const readButton = (id: string, title: string) => html`
  <button class="plain" @click=${() => markRead([id])}>Mark as read <span class="hidden-label">${title}</span></button>
`;

update();
