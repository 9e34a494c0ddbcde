import type { Clock } from '@tidings/runtime';
import { createInbox, type Msg } from 'nats';
import type { Task } from '../work-port.ts';
import { readMarks } from './event-marks.ts';
import { asUnavailable, away, callJetStream } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { statusOf, toRawMessage } from './raw-message.ts';
import { createServerTime } from './server-time.ts';
import { createAddressBook, STREAM } from './subject.ts';
import { type LaneConsumer, WORK } from './work-streams.ts';

/** Takes tasks from durable consumers, a batch for each request. */
export interface TaskReader {
  /** @throws TidingsError `unavailable`. */
  take(consumer: LaneConsumer, most: number): Promise<readonly Task[]>;
}

const WAIT_MS = 1_000;
// The server ends a request by itself; one whose answer is lost ends a little later.
const LATE_MS = 2_000;
const ACK_MS = 2_000;

export function createTaskReader(link: Link, role: string, clock: Clock): TaskReader {
  const { client } = link;
  const ready = new Set<string>();
  const addressOf = createAddressBook();
  // That of the queue has it for every lane.
  const servers = createServerTime(clock, async () => {
    const { ts } = await callJetStream<{ ts: string }>(client, 'STREAM.INFO', WORK).catch(asUnavailable);
    return ts;
  });

  async function ensure({ stream, name, filter, config }: LaneConsumer): Promise<void> {
    if (ready.has(name)) return;
    await callJetStream(client, 'CONSUMER.CREATE', `${stream}.${name}.${filter}`, {
      stream_name: stream,
      config,
    }).catch(asUnavailable);
    ready.add(name);
  }

  // One subscription for each: what comes bears the subject that it was stored by, and not that of the request.
  function pull({ stream, name }: LaneConsumer, wish: { batch: number; [how: string]: unknown }): Promise<Msg[]> {
    return new Promise((resolve, reject) => {
      const inbox = createInbox(`_INBOX_${role}`);
      const messages: Msg[] = [];
      const end = (error?: Error): void => {
        timer.cancel();
        subscription.unsubscribe();
        if (error === undefined || messages.length > 0) resolve(messages);
        else reject(error);
      };
      const timer = clock.after(WAIT_MS + LATE_MS, () => end());
      const subscription = client.subscribe(inbox, {
        callback(error, message) {
          if (error !== null) return end(away('the consumer does not answer', error));
          const status = statusOf(toRawMessage(message).headers);
          if (status === 0) messages.push(message);
          // Nobody has such a consumer: it is made anew.
          if (status === 503 || status === 409) ready.delete(name);
          if (status === 503) end(away('the consumer does not answer'));
          else if (status >= 400 || messages.length === wish.batch) end();
        },
      });
      try {
        client.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, JSON.stringify(wish), { reply: inbox });
      } catch (error) {
        end(error as Error);
      }
    });
  }

  async function fetch(consumer: LaneConsumer, wanted: number): Promise<Msg[]> {
    // A request for more than may be out is answered, and not ended: it would be waited for.
    const most = Math.min(wanted, consumer.mostHeld);
    const now = await pull(consumer, { batch: most, no_wait: true });
    return now.length > 0 ? now : pull(consumer, { batch: 1, expires: WAIT_MS * 1_000_000 });
  }

  async function settle(message: Msg, word: string): Promise<void> {
    try {
      await client.request(message.reply ?? '', word, { timeout: ACK_MS });
    } catch (error) {
      throw away('the queue does not answer', error);
    }
  }

  function bodyOf(message: Msg, stream: string, { seq, timeMs }: Delivery): string | undefined {
    if (stream !== STREAM) return message.string();
    const address = addressOf(message.subject);
    if (address === undefined) return undefined;
    const { exclude } = readMarks(toRawMessage(message).headers);
    return JSON.stringify({ ...address, seq, timeMs, exclude });
  }

  return {
    async take(consumer, most) {
      await ensure(consumer);
      // Before: what is fetched must not be let go since somebody does not answer.
      await servers.refresh();
      const tasks: Task[] = [];
      for (const message of await fetch(consumer, most)) {
        const delivery = readDelivery(message.reply ?? '');
        const body = bodyOf(message, consumer.stream, delivery);
        if (body === undefined) await settle(message, '+ACK');
        else {
          tasks.push({
            body,
            attempt: delivery.attempt,
            ageMs: Math.max(0, servers.now() - delivery.timeMs),
            ack: () => settle(message, '+ACK'),
            retry: (delayMs) => settle(message, `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1_000_000) })}`),
          });
        }
      }
      return tasks;
    },
  };
}

interface Delivery {
  readonly attempt: number;
  readonly seq: number;
  readonly timeMs: number;
}

/**
 * What the subject of the acknowledgement says (NATS ADR-15): `$JS.ACK.<stream>.<consumer>.<delivered>.<place>.<count>.<time>.<pending>`,
 * with two more tokens after `ACK` where servers are told apart by domain.
 */
export function readDelivery(reply: string): Delivery {
  const tokens = reply.split('.');
  const at = tokens.length >= 11 ? 6 : 4;
  const [attempt, seq, , nanoseconds] = tokens.slice(at).map(Number);
  return { attempt: attempt ?? 1, seq: seq ?? 0, timeMs: (nanoseconds ?? 0) / 1_000_000 };
}
