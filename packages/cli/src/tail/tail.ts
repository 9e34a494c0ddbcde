import type { SubscribeOptions, Tidings, TidingsEvent } from '@tidings/sdk/subscriber';

/** What is to be followed. */
export interface TailWish {
  readonly topics: readonly string[];
  /** As `replay` of the subscription. */
  readonly since?: string | number | undefined;
  /** Ends after the final event of each topic. */
  readonly untilFinal?: boolean | undefined;
  /** Ends after so many events. */
  readonly count?: number | undefined;
}

/** Who follows it. */
export interface TailReader {
  event(event: TidingsEvent): void;
  /** What else is to be known: a gap, a reconnect. */
  note(text: string): void;
}

/** As much of the subscriber as is needed. */
export type TailClient = Pick<Tidings, 'subscribe' | 'on' | 'close'>;

/**
 * Follows topics until it has what was asked for. Once it was connected it lets nothing stop it that will pass; until then
 * it fails with what keeps it from connecting, unless a hub says that this will pass.
 * @throws HubError what ended it.
 */
export async function tail(client: TailClient, wish: TailWish, reader: TailReader): Promise<void> {
  const { topics, since, untilFinal, count = Number.POSITIVE_INFINITY } = wish;
  const options: SubscribeOptions = {
    ...(since !== undefined && { replay: since }),
    ...(untilFinal && { until: 'final' as const }),
  };
  let left = count;
  let last: TidingsEvent | undefined;
  let failure: Error | undefined;

  function take(event: TidingsEvent): void {
    // Of topics that overlap each has it.
    if (left === 0 || event === last || (event.id !== undefined && event.id === last?.id)) return;
    // What was missed comes before the stream is live again.
    connected();
    last = event;
    left -= 1;
    reader.event(event);
    if (left === 0) client.close();
  }

  function fail(error: Error): void {
    failure ??= error;
    client.close();
  }

  const connected = tellConnection(client, reader.note, fail);
  const subscriptions = [...new Set(topics)].map((topic) => client.subscribe(topic, take, options));
  for (const { ready } of subscriptions) ready.then(connected, () => {});
  // What a failure has ended otherwise, it has ended without a reason.
  await Promise.all(subscriptions.map(({ ended }) => ended)).catch(fail);
  client.close();
  if (failure) throw failure;
}

/** Tells what happens to the connection, each thing once. Answers what is to be called when one stands. */
function tellConnection(client: TailClient, note: (text: string) => void, fail: (error: Error) => void): () => void {
  let wasConnected = false;
  let isAway = false;
  let told = '';

  function connected(): void {
    if (isAway) note('connected again');
    wasConnected = true;
    isAway = false;
    told = '';
  }

  client.on('gap', ({ reason, from, to }) =>
    note(`history is gone (${reason}): what was between ${from} and ${to} is missing`),
  );
  client.on('state', ({ state, reason }) => {
    if (state === 'open') connected();
    if (state !== 'waiting' || !wasConnected || isAway) return;
    isAway = true;
    note(`the stream has ended${reason ? ` (${reason})` : ''}, connecting again`);
  });
  client.on('error', (error) => {
    const { code, status, problem } = error;
    // The words of the error are for pages too.
    const message = code === 'network' ? 'The hub can not be reached.' : error.message;
    const willPass = problem !== undefined && (status === 429 || status === 503);
    // A token that is refused was asked for anew before.
    if (status === 401 || !(wasConnected || willPass)) fail(error);
    else if (message !== told) note(`${message} Trying again.`);
    told = message;
  });
  return connected;
}
