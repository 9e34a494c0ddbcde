import { createTidings } from '@tidings/sdk/subscriber';
import { html, nothing, render } from 'lit';
import { ask, fetchToken, me, root, showConnection, TYPING_MS, takeText, whileTyping } from '../frame/frame.ts';
import type { Role, Status, SupportTopics, TicketEvent } from './back-end.ts';

const STATUSES: readonly Status[] = ['open', 'waiting', 'solved'];

interface Ticket {
  subject: string;
  status: Status;
  thread: string[];
  typing?: Role | undefined;
}

const role: Role = me === 'agent' ? 'agent' : 'customer';
const tickets = new Map<string, Ticket>();
let chosen = '';
let typingTimer: ReturnType<typeof setTimeout> | undefined;

const tidings = createTidings<SupportTopics>({ token: fetchToken });
showConnection(tidings);

tidings.subscribe(
  'demo.support.*',
  ({ topic, data }) => {
    const id = topic.replace('demo.support.', '');
    tickets.set(id, apply(tickets.get(id) ?? { subject: '', status: 'open', thread: [] }, data));
    choose(chosen || id);
  },
  { replay: 'all' },
);

function apply(ticket: Ticket, event: TicketEvent): Ticket {
  const { thread } = ticket;
  switch (event.type) {
    case 'opened':
      return { ...ticket, subject: event.subject };
    case 'updated':
      return { ...ticket, status: event.status, thread: [...thread, `Ticket updated: ${event.status}`] };
    case 'message':
      return { ...ticket, typing: undefined, thread: [...thread, `${event.from}: ${event.text}`] };
    case 'typing':
      clearTimeout(typingTimer);
      typingTimer = setTimeout(stopTyping, TYPING_MS);
      return { ...ticket, typing: event.from };
  }
}

function stopTyping(): void {
  for (const ticket of tickets.values()) ticket.typing = undefined;
  update();
}

async function open(event: SubmitEvent): Promise<void> {
  const { ticket } = await ask<{ ticket: string }>('open', { subject: takeText(event) });
  choose(ticket);
}

const reply = (event: SubmitEvent) => ask('reply', { ticket: chosen, text: takeText(event), from: role });
const setStatus = (status: Status) => ask('update', { ticket: chosen, status });
const tellTyping = whileTyping(() => ask('type', { ticket: chosen, from: role, session: tidings.session }));

function choose(id: string): void {
  chosen = id;
  update();
}

function update(): void {
  const ticket = tickets.get(chosen);
  render(
    html`
      <ul class="tickets" aria-label="Tickets">${[...tickets].map(ticketView)}</ul>
      ${role === 'customer' ? openingView() : nothing} ${ticket ? threadView(ticket) : nothing}
    `,
    root,
  );
}

const ticketView = ([id, { subject, status }]: [string, Ticket]) => html`
  <li><button class="plain" aria-current=${id === chosen} @click=${() => choose(id)}>
    ${subject} <span class="status ${status}">${status}</span></button></li>
`;

const openingView = () => html`
  <form class="row" @submit=${open}>
    <label>What is wrong <input name="text" required maxlength="500" autocomplete="off"></label>
    <button>Open a ticket</button>
  </form>
`;

const threadView = ({ subject, thread, typing }: Ticket) => html`
  <section aria-label="Ticket">
    <h2>${subject}</h2>
    <div class="thread" role="log">${thread.map((line) => html`<p>${line}</p>`)}</div>
    <p class="quiet typing" role="status">${typing && `The ${typing} is typing.`}</p>
    <form class="row" @submit=${reply}>
      <label>Reply as the ${role} <input name="text" required maxlength="500" autocomplete="off" @input=${tellTyping}></label>
      <button>Send</button>
    </form>
    ${role === 'agent' ? STATUSES.map(statusButton) : nothing}
  </section>
`;

const statusButton = (status: Status) =>
  html`<button class="plain" @click=${() => setStatus(status)}>Set ${status}</button> `;

update();
