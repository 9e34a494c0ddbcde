import { createTidings } from '@tidings/sdk/subscriber';
import { html, nothing, render } from 'lit';
import { ask, fetchToken, me, root, showConnection, TYPING_MS, takeText, whileTyping } from '../frame/frame.ts';
import type { Role, Status, SupportTopics, TicketEvent } from './back-end.ts';

const STATUSES: readonly Status[] = ['open', 'waiting', 'solved'];

interface Ticket {
  subject: string;
  status: Status;
  thread: string[];
  typing?: Role;
}

const role: Role = me === 'agent' ? 'agent' : 'customer';
const tickets = new Map<string, Ticket>();
let chosen = '';

const tidings = createTidings<SupportTopics>({ token: fetchToken });
showConnection(tidings);

tidings.subscribe(
  'demo.support.*',
  ({ topic, data }) => {
    const id = topic.split('.').at(-1) ?? '';
    const ticket = tickets.get(id) ?? { subject: '', status: 'open', thread: [] };
    apply(ticket, data);
    tickets.set(id, ticket);
    chosen ||= id;
    update();
  },
  { replay: 'all' },
);

function apply(ticket: Ticket, event: TicketEvent): void {
  switch (event.type) {
    case 'opened':
      ticket.subject = event.subject;
      break;
    case 'updated':
      ticket.status = event.status;
      ticket.thread.push(`Ticket updated: ${event.status}, by the ${event.by}.`);
      break;
    case 'message':
      ticket.thread.push(`${event.from}: ${event.text}`);
      delete ticket.typing;
      break;
    case 'typing':
      ticket.typing = event.from;
      setTimeout(() => {
        delete ticket.typing;
        update();
      }, TYPING_MS);
  }
}

const tellTyping = whileTyping(() => ask('type', { ticket: chosen, from: role, session: tidings.session }));
const reply = (event: SubmitEvent) => ask('reply', { ticket: chosen, text: takeText(event), from: role });

async function open(event: SubmitEvent): Promise<void> {
  chosen = (await ask<{ ticket: string }>('open', { subject: takeText(event) })).ticket;
  update();
}

function choose(id: string): void {
  chosen = id;
  update();
}

function update(): void {
  const ticket = tickets.get(chosen);
  render(html`${list()}${ticket ? detail(ticket) : nothing}`, root);
}

const list = (): unknown => html`
  <ul class="tickets" aria-label="Tickets">
    ${[...tickets].map(
      ([id, { subject, status }]) => html`
      <li><button type="button" class="plain" aria-current=${id === chosen} @click=${() => choose(id)}>
        ${subject} <span class="status ${status}">${status}</span></button></li>
    `,
    )}
  </ul>
  ${
    role === 'customer'
      ? html`<form class="row" @submit=${open}>
        <label>What is wrong <input name="text" required maxlength="500" autocomplete="off"></label><button>Open a ticket</button>
      </form>`
      : nothing
  }
`;

const detail = ({ subject, status, thread, typing }: Ticket): unknown => html`
  <section aria-labelledby="subject">
    <h2 id="subject">${subject}</h2>
    <ol class="thread">${thread.map((line) => html`<li>${line}</li>`)}</ol>
    <p class="quiet typing" role="status">${typing ? `The ${typing} is typing` : ''}</p>
    <form class="row" @submit=${reply}>
      <label>Reply as the ${role} <input name="text" required maxlength="500" autocomplete="off" @input=${tellTyping}></label>
      <button>Send</button>
    </form>
    ${
      role === 'agent'
        ? html`<div class="row" role="group" aria-label="Status">
          ${STATUSES.map(
            (each) => html`<button type="button" class="plain" ?disabled=${each === status}
            @click=${() => ask('update', { ticket: chosen, status: each, by: role })}>${each}</button>`,
          )}
        </div>`
        : nothing
    }
  </section>
`;

update();
