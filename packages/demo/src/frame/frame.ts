import type { Subscription, Tidings } from '@tidings/sdk/subscriber';

/** Where the application is shown. */
export const root: HTMLElement = partOf('app');

/** The application, as its address names it. */
const appName = location.pathname.split('/')[2] ?? '';

/** Who looks: the address says so, as in `/demo/chat?name=Grace`. Somebody who builds on this takes it from the login. */
export const me: string =
  new URLSearchParams(location.search).get('name') ?? (document.body.dataset.people ?? 'guest').split(' ')[0] ?? '';

/** Gets a token for this person and the topics of this application. */
export async function fetchToken(): Promise<string> {
  const query = new URLSearchParams({ app: appName, name: me });
  const { token } = (await answerOf(await fetch(`/demo/token?${query}`))) as { readonly token: string };
  return token;
}

/**
 * Asks the back end of this application to do something.
 * @throws Error with a sentence, which is shown too, when it did not.
 */
export async function ask<Answer = unknown>(action: string, input: object = {}): Promise<Answer> {
  const response = await fetch(`/demo/${appName}/${action}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(input),
  });
  return (await answerOf(response)) as Answer;
}

/** Renders, and stays at the end of what scrolls there, unless somebody reads further up. */
export function keepAtEnd(selector: string, renderIt: () => void): void {
  const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = root.querySelector(selector) ?? {};
  const isAtEnd = scrollHeight - scrollTop - clientHeight < 40;
  renderIt();
  if (isAtEnd) root.querySelector(selector)?.scrollTo(0, Number.MAX_SAFE_INTEGER);
}

/** How long others show that somebody is typing. */
export const TYPING_MS = 3_000;

let toldTypingMs = 0;

/** Tells that somebody types; not at each key, but as often as it takes for others to go on showing it. */
export function whileTyping(tell: () => unknown): () => void {
  return () => {
    if (Date.now() - toldTypingMs < TYPING_MS / 2) return;
    toldTypingMs = Date.now();
    void tell();
  };
}

/** The text that was typed into a form, which is emptied for the next. */
export function takeText(event: SubmitEvent): string {
  event.preventDefault();
  const form = event.currentTarget as HTMLFormElement;
  const text = String(new FormData(form).get('text'));
  form.reset();
  // What is sent ends the typing for others: the next key begins it anew.
  toldTypingMs = 0;
  return text;
}

async function answerOf(response: Response): Promise<unknown> {
  const body = await response.json();
  if (response.ok) return body;
  // A problem document (RFC 9457).
  const { detail, title } = body as { readonly detail?: string; readonly title?: string };
  const sentence = detail ?? title ?? `The back end answered ${response.status}.`;
  showFault(sentence);
  throw new Error(sentence);
}

const STATES = {
  idle: 'not connected',
  connecting: 'connecting',
  open: 'live',
  waiting: 'reconnecting',
  closed: 'closed',
  finished: 'finished',
} as const;

/** Shows in the head of the page how things are with the connection of all that is subscribed to. */
export function showConnection(tidings: Pick<Tidings, 'on' | 'state'>): void {
  showFaultsOf(tidings);
  tidings.on('state', ({ state }) => showState(state));
  showState(tidings.state);
}

/** The same for a finite topic, which has a connection of its own. */
export function showFinite(tidings: Pick<Tidings, 'on'>, finite: Subscription): void {
  if (shown === undefined) showFaultsOf(tidings);
  shown = finite;
  const show = (state: keyof typeof STATES) => (): void => {
    if (shown === finite) showState(state);
  };
  showState('connecting');
  finite.ready.then(show('open'), () => undefined);
  finite.ended.then(show('finished'), show('closed'));
}

let shown: Subscription | undefined;

function showFaultsOf(tidings: Pick<Tidings, 'on'>): void {
  // What a callback for a token throws says more than that it threw.
  tidings.on('error', ({ message, cause }) => showFault(cause instanceof Error ? cause.message : message));
}

function showState(state: keyof typeof STATES): void {
  const part = partOf('state');
  part.textContent = STATES[state];
  part.dataset.state = state;
  if (state === 'open' || state === 'finished') showFault('');
}

function showFault(sentence: string): void {
  partOf('fault').textContent = sentence;
}

function partOf(id: string): HTMLElement {
  return document.getElementById(id) as HTMLElement;
}
