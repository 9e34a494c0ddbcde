import { createTidings } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import {
  ask,
  fetchToken,
  keepAtEnd,
  me,
  root,
  showConnection,
  TYPING_MS,
  takeText,
  whileTyping,
} from '../frame/frame.ts';
import type { ChatTopics, Message } from './back-end.ts';

const room = new URLSearchParams(location.search).get('room') ?? 'lobby';
const messages = new Map<string, Message>();
const typing = new Map<string, ReturnType<typeof setTimeout>>();
let news = '';

const tidings = createTidings<ChatTopics>({ token: fetchToken });
showConnection(tidings);

tidings.subscribe(
  `demo.chat.${room}`,
  ({ event, data }) => {
    switch (event) {
      case 'token':
        messages.set(data.id, { ...data, text: textSoFar(data.id) + data.text });
        break;
      case 'message':
        messages.set(data.id, data);
        news = `${data.from}: ${data.text}`;
        stopTyping(data.from);
    }
    update();
  },
  { replay: 'all' },
);

tidings.subscribe(`demo.chat.${room}.typing`, ({ data: { from } }) => {
  stopTyping(from);
  typing.set(from, setTimeout(stopTyping, TYPING_MS, from));
  update();
});

const textSoFar = (id: string) => messages.get(id)?.text ?? '';

function stopTyping(from: string): void {
  clearTimeout(typing.get(from));
  typing.delete(from);
  update();
}

const tellTyping = whileTyping(() => ask('type', { room, from: me, session: tidings.session }));
const say = (event: SubmitEvent) => ask('say', { room, from: me, text: takeText(event) });

const messageView = ({ from, text }: Message) => html`
  <li class=${from === me ? 'mine' : ''}><span class="from">${from}</span> <span class="text">${text}</span></li>
`;

const view = () => html`
  <ol class="messages" tabindex="0" aria-label="Messages">${[...messages.values()].map(messageView)}</ol>
  <p class="hidden-label" role="status">${news}</p>
  <p class="quiet typing" role="status">${[...typing.keys()].map((name) => `${name} is typing. `)}</p>
  <form class="row" @submit=${say}>
    <label>Message <input name="text" required maxlength="500" autocomplete="off" @input=${tellTyping}></label>
    <button>Send</button>
  </form>
`;

function update(): void {
  keepAtEnd('.messages', () => render(view(), root));
}

update();
