import { createTidings } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ask, fetchToken, me, root, showConnection, TYPING_MS, takeText, whileTyping } from '../frame/frame.ts';
import type { ChatTopics, Message } from './back-end.ts';

const room = new URLSearchParams(location.search).get('room') ?? 'lobby';
const messages = new Map<string, Message>();
const typing = new Map<string, ReturnType<typeof setTimeout>>();

const tidings = createTidings<ChatTopics>({ token: fetchToken });
showConnection(tidings);

tidings.subscribe(
  `demo.chat.${room}`,
  ({ event, data }) => {
    switch (event) {
      case 'token':
        messages.set(data.id, { ...data, text: (messages.get(data.id)?.text ?? '') + data.text });
        break;
      case 'message':
        messages.set(data.id, data);
        stopTyping(data.from);
    }
    update();
  },
  { replay: 'all' },
);

tidings.subscribe(`demo.chat.${room}.typing`, ({ data: { from } }) => {
  stopTyping(from);
  typing.set(
    from,
    setTimeout(() => stopTyping(from), TYPING_MS),
  );
  update();
});

function stopTyping(from: string): void {
  clearTimeout(typing.get(from));
  typing.delete(from);
  update();
}

const tellTyping = whileTyping(() => ask('type', { room, from: me, session: tidings.session }));
const say = (event: SubmitEvent) => ask('say', { room, from: me, text: takeText(event) });

function update(): void {
  const names = [...typing.keys()];
  render(
    html`
      <ol class="messages" tabindex="0" aria-label="Messages">
        ${repeat(
          messages.values(),
          ({ id }) => id,
          ({ from, text }) => html`
          <li class=${from === me ? 'mine' : ''}><span class="from">${from}</span> <span class="text">${text}</span></li>
        `,
        )}
      </ol>
      <p class="quiet typing" role="status">${names.length > 0 ? `${names.join(' and ')} typing` : ''}</p>
      <form class="row" @submit=${say}>
        <label>Message <input name="text" required maxlength="500" autocomplete="off" @input=${tellTyping}></label>
        <button>Send</button>
      </form>
    `,
    root,
  );
}

update();
