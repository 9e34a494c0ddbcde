import { createTidings, type Subscription, type TidingsEvent } from '@tidings/sdk/subscriber';
import { html, render } from 'lit';
import { fetchToken, root, showConnection } from '../frame/frame.ts';
import type { Match, Quote, TickerTopics } from './back-end.ts';

const tidings = createTidings<TickerTopics>({ token: fetchToken });
const quotes = new Map<string, TidingsEvent<Quote>>();
let match: Match | undefined;
let subscriptions: readonly Subscription[] = [];
let frame = 0;

function showQuote(event: TidingsEvent<Quote>): void {
  quotes.set(event.topic, event);
  schedule();
}

function showMatch({ data }: TidingsEvent<Match>): void {
  match = data;
  schedule();
}

function play(): void {
  subscriptions = [
    tidings.subscribe('demo.stock.*', showQuote, { replay: 'last' }),
    tidings.subscribe('demo.match', showMatch, { replay: 'last' }),
  ];
}

function pause(): void {
  for (const subscription of subscriptions) subscription.unsubscribe();
  subscriptions = [];
}

// Fifty events a second are one rendering a frame.
function schedule(): void {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(update);
}

function toggle(): void {
  if (subscriptions.length > 0) pause();
  else play();
  update();
}

function update(): void {
  const inOrder = [...quotes].sort(([one], [other]) => one.localeCompare(other));
  render(
    html`
      <div class="row">
        <p class="match"><strong>Lions ${match?.home ?? '–'} : ${match?.away ?? '–'} Owls</strong>
          <span class="number">${match?.minute ?? 0}′</span></p>
        <button type="button" class="plain" @click=${toggle}>${subscriptions.length > 0 ? 'Pause' : 'Go on'}</button>
      </div>
      <p class="quiet" role="status">${match?.news}</p>
      <div class="scroll" tabindex="0" role="region" aria-label="Prices">
        <table>
          <thead><tr><th scope="col">Stock</th><th scope="col" class="number">Price</th>
            <th scope="col" class="number">Change</th><th scope="col" class="number">Time</th></tr></thead>
          <tbody>${inOrder.map(([topic, event]) => row(topic, event))}</tbody>
        </table>
      </div>
    `,
    root,
  );
}

function row(topic: string, { time, data: { price, change } }: TidingsEvent<Quote>): unknown {
  const [kind, sign] = change > 0 ? ['up', '▲ +'] : change < 0 ? ['down', '▼ −'] : ['same', ''];
  return html`
    <tr class=${kind}>
      <th scope="row">${topic.split('.').at(-1)}</th>
      <td class="number">${price.toFixed(2)}</td>
      <td class="number change">${sign}${Math.abs(change).toFixed(2)}</td>
      <td class="number"><time datetime=${time}>${time.slice(11, 22)}</time></td>
    </tr>
  `;
}

showConnection(tidings);
play();
update();
