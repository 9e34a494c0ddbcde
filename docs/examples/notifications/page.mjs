// @ts-check
import { createTidings } from '@tidings/sdk/subscriber';

// In the fragment, which no server sees: #url=…&user=alice&token=…&publish=…
const settings = new URLSearchParams(location.hash.slice(1));
const url = settings.get('url') ?? location.origin;
const user = settings.get('user') ?? 'alice';

const list = /** @type {HTMLElement} */ (document.querySelector('ul'));
const button = /** @type {HTMLButtonElement} */ (document.querySelector('button'));
/** @type {{ id: string | undefined, text: string }[]} */
let unread = [];

function show() {
  button.textContent = `${unread.length} unread`;
  button.disabled = unread.length === 0;
  document.title = unread.length > 0 ? `(${unread.length}) Notifications` : 'Notifications';
}

// That something was read is an event too, so every page of the user counts the same, now and after a reload. Whoever may
// publish it can say anything to the user: in an application this request goes to your own server.
button.onclick = async () => {
  await fetch(`${url}/v1/users/${encodeURIComponent(user)}/events?event=read`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${settings.get('publish')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ upTo: unread.at(-1)?.id }),
  });
};

/** @type {import('@tidings/sdk/subscriber').Tidings<{ 'user.*': { text: string, upTo: string } }>} */
const tidings = createTidings({ url, token: settings.get('token') ?? '', user });
tidings.subscribe(
  `user.${user}`,
  ({ id, event, data: { text, upTo } }) => {
    if (event === 'read') {
      // What came in the meantime has not been read.
      unread = unread.slice(unread.findIndex((notice) => notice.id === upTo) + 1);
    } else {
      unread.push({ id, text });
      list.prepend(Object.assign(document.createElement('li'), { textContent: text }));
    }
    show();
  },
  { replay: 'all' },
);
show();
