import { createInbox, type InboxEvent } from '@tidings/sdk/inbox';
import { createTidings, type TidingsEvent } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ask, fetchToken, me, root, showConnection } from '../frame/frame.ts';
import type { BellTopics, Notification } from './back-end.ts';

// All tabs of this user share one connection.
const tidings = createTidings<BellTopics>({ token: fetchToken, user: me });
showConnection(tidings);

// The hub keeps what is read: here, in another tab, or on another device.
const inbox = createInbox<Notification>({ client: tidings, user: me, token: fetchToken, limit: 50 });
inbox.onChange(update);

// What is for everybody is nobody's to have read.
const announcements = new Map<string, TidingsEvent<Notification>>();
tidings.subscribe(
  'demo.bell.everybody',
  (event) => {
    if (event.id) announcements.set(event.id, event);
    update();
  },
  { replay: 20 },
);

async function markRead(mark: Promise<void>): Promise<void> {
  await mark;
  // The button that was pressed is gone then: the keyboard goes on in the list.
  root.querySelector<HTMLElement>('.notifications')?.focus();
}

function update(): void {
  const { unread, more, events } = inbox.state;
  const shown = more ? `${unread}+` : `${unread}`;
  const newestFirst = [...events, ...announcements.values()].sort((one, other) => other.time.localeCompare(one.time));
  document.title = `${unread > 0 ? `(${shown}) ` : ''}Notifications of ${me}`;
  render(
    html`
      <div class="row">
        <p class="count" role="status"><strong class="number">${shown}</strong> unread</p>
        <button class="plain" ?disabled=${unread === 0 && !more} @click=${() => markRead(inbox.markAllRead())}>Mark all as read</button>
      </div>
      <ul class="notifications" tabindex="0" aria-label="Notifications">${repeat(newestFirst, ({ id }) => id, notificationView)}</ul>
      <div class="row">
        <button @click=${() => ask('notify', { user: me })}>Notify me</button>
        <button class="plain" @click=${() => ask('notify-everybody', { from: me })}>Notify everybody</button>
      </div>
    `,
    root,
  );
}

const notificationView = (event: InboxEvent<Notification> | TidingsEvent<Notification>) => html`
  <li class=${'read' in event && !event.read ? 'unread' : 'read'}>
    <span>${event.data.title} <time class="quiet" datetime=${event.time}>${new Date(event.time).toLocaleTimeString()}</time></span>
    ${'read' in event ? readView(event) : html`<span class="quiet">to everybody</span>`}
  </li>
`;

const readView = ({ id, read, data }: InboxEvent<Notification>) =>
  read
    ? html`<span class="quiet">read</span>`
    : html`
        <button class="plain" @click=${() => markRead(inbox.markRead(id))}>
          Mark as read <span class="hidden-label">${data.title}</span>
        </button>
      `;

update();
