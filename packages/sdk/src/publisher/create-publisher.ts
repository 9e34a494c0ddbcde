import type { TopicMap } from '../subscriber/topic-types.ts';
import { type Clock, systemClock } from './clock.ts';
import { deliverMany } from './deliver-many.ts';
import { createDelivery, toPublished } from './delivery.ts';
import { toEventLine } from './event-line.ts';
import { pipeTo } from './pipe.ts';
import type {
  EventToPublish,
  Published,
  Publisher,
  PublisherOptions,
  PublishOptions,
  PublishResult,
} from './publisher.ts';
import { createRequest } from './request.ts';
import { createTokenSource } from './token-source.ts';
import { createTopicWriter, type TopicWriter, type WriterOptions } from './topic-writer.ts';

const TIMEOUT_MS = 30_000;
// The server remembers an id for two minutes, and may go on with a try that was given up here for 15 s more.
const MOST_TIMEOUT_MS = 100_000;
// Below the 1 MiB that nginx takes.
const MAX_BODY_BYTES = 1_000_000;

/**
 * Creates a publisher; it opens nothing until it publishes, and needs no closing. It runs wherever `fetch` is: in Node, Deno
 * and Bun. A token that may publish belongs on a server.
 *
 * @example
 * const publisher = createPublisher<{ 'orders.*': Order }>({ url: 'https://hub.example', token: () => mint() });
 * await publisher.publish('orders.42', { state: 'shipped' }, { event: 'status' });
 * await publisher.pipe('chat.42', tokens);
 *
 * @throws TypeError for options that can't be meant.
 */
export function createPublisher<Topics extends TopicMap = Record<string, unknown>>(
  options: PublisherOptions,
): Publisher<Topics> {
  return createPublisherOf(options, { clock: systemClock, random: Math.random });
}

/** What tests hold in their hands. */
export interface Surroundings {
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** @throws TypeError as `createPublisher`. */
export function createPublisherOf<Topics extends TopicMap = Record<string, unknown>>(
  options: PublisherOptions,
  { clock, random }: Surroundings,
): Publisher<Topics> {
  const { timeoutMs = TIMEOUT_MS, maxBodyBytes = MAX_BODY_BYTES, fetch = globalThis.fetch } = options;
  if (!(timeoutMs > 0 && timeoutMs <= MOST_TIMEOUT_MS)) {
    throw new TypeError(`timeoutMs is from 1 to ${MOST_TIMEOUT_MS}: the server forgets ids after two minutes.`);
  }
  if (!(maxBodyBytes > 0)) throw new TypeError('maxBodyBytes is 1 or more.');
  const tokens = createTokenSource(options.token, clock);
  const send = createRequest({ url: toEventsUrl(options.url), fetch, tokens, clock });
  const deliver = createDelivery({ send, timeoutMs, clock, random });
  const signalsOf = ({ signal }: { readonly signal?: AbortSignal | undefined }): AbortSignal[] =>
    [options.signal, signal].filter((each) => each !== undefined);

  async function publishOne(event: EventToPublish, signals: readonly AbortSignal[]): Promise<Published> {
    const { results } = await deliver([toEventLine(event, 0)], { signals });
    return toPublished(results[0] as PublishResult);
  }

  const open = (topic: string, given: WriterOptions = {}): TopicWriter =>
    createTopicWriter({ deliver, maxBodyBytes, signals: signalsOf(given) }, topic, given);

  return {
    async publish(topic, data, given: PublishOptions = {}) {
      const { signal: _signal, ...fields } = given;
      return publishOne({ ...fields, topic, data }, signalsOf(given));
    },
    async publishToUser(user, data, given = {}) {
      const { signal: _signal, ...fields } = given;
      return publishOne({ ...fields, user, data }, signalsOf(given));
    },
    publishMany: async (events, given = {}) =>
      deliverMany(Array.from(events, toEventLine), { deliver, maxBodyBytes, signals: signalsOf(given) }),
    stream: open,
    pipe: (topic, source, given = {}) => pipeTo(open(topic, given), source, given.toFailure),
  };
}

/** @throws TypeError for a URL that is no http one, or has credentials. */
function toEventsUrl(url: string | URL): URL {
  const base = new URL(url);
  if (!/^https?:$/.test(base.protocol) || base.username !== '' || base.password !== '') {
    throw new TypeError('url is that of the ingest, such as https://hub.example, without a name and a password.');
  }
  return new URL(`${base.pathname.replace(/\/*$/, '')}/v1/events`, base.origin);
}
