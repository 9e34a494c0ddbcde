import { createLogger, createMetrics, type Logger, type Metrics } from '@tidings/runtime';
import type { Msg, NatsConnection, SubscriptionOptions } from 'nats';
import type { DirectGet, DirectMessage, DirectReply } from '../../src/nats/direct-get.ts';
import type { JetStreamApi, StreamInfo } from '../../src/nats/jetstream-api.ts';
import type { Link } from '../../src/nats/link.ts';

export const metrics: Metrics = createMetrics();
export const log: Logger = createLogger('test', 'debug', { write() {} });

/** What the leader of a log says that goes from `first` to `last`. */
export function streamInfo(first: number, last: number, epoch = 'epoch1'): StreamInfo {
  return {
    config: { name: 'EVT_0', metadata: { 'tidings.epoch': epoch } },
    created: '2026-01-01T00:00:00Z',
    state: { messages: last - first + 1, bytes: 0, first_seq: first, last_seq: last, last_ts: '2026-01-01T00:00:00Z' },
  };
}

/** A leader that has nothing, but for what a test says. */
export function leaderStandIn(change: Partial<JetStreamApi>): JetStreamApi {
  return {
    info: async () => streamInfo(1, 0),
    create: async () => streamInfo(1, 0),
    next: async () => undefined,
    newest: async () => undefined,
    purge: async () => {},
    ...change,
  };
}

/** A message as a replica has it. */
export function stored(seq: number, topic: string, text = `${seq}`, headers = ''): DirectMessage {
  const stamp = new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
  return {
    subject: `evt.0.default.${topic}`,
    seq,
    headers: `NATS/1.0\r\nNats-Sequence: ${seq}\r\nNats-Time-Stamp: ${stamp}\r\n${headers}\r\n`,
    data: Buffer.from(text),
  };
}

/** A whole answer. */
export const answer = (messages: readonly DirectMessage[], change: Partial<DirectReply> = {}): DirectReply => ({
  messages,
  status: messages.length > 0 ? 204 : 404,
  whole: true,
  pending: 0,
  upTo: messages.at(-1)?.seq ?? 0,
  ...change,
});

/** Nobody answered in time, or the connection is away. */
export const silence: DirectReply = { messages: [], status: 0, whole: false, pending: 0, upTo: 0 };

/**
 * Answers as a replica that has these messages, as nats-server 2.15 does: `multi_last` is 404 only where no subject has
 * a message at all, however far back.
 * @param last the newest place that it knows of, where that message is gone.
 */
export function replicaOf(messages: readonly DirectMessage[], last: number = messages.at(-1)?.seq ?? 0): DirectGet {
  return async ({ seq = 1, next_by_subj: subject, multi_last: subjects, up_to_seq: upTo = last, batch = 1_024 }) => {
    if (subjects !== undefined) {
      const newest = new Map<string, DirectMessage>();
      for (const message of messages) {
        if (message.seq <= upTo && subjects.includes(message.subject)) newest.set(message.subject, message);
      }
      const found = [...newest.values()]
        .filter((message) => message.seq >= seq)
        .sort((one, other) => one.seq - other.seq);
      return answer(found, { upTo, status: newest.size > 0 ? 204 : 404 });
    }
    const found = messages.filter((message) => message.seq >= seq && (subject ?? message.subject) === message.subject);
    return answer(found.slice(0, batch), { pending: Math.max(0, found.length - batch) });
  };
}

/** What a subscription calls; the type has no name of its own in the client. */
export type Callback = NonNullable<SubscriptionOptions['callback']>;

/** A message of which only these members are looked at. */
export const message = (members: object): Msg => members as Msg;

/** A link whose client is what a test makes of it. */
export function linkStandIn(client: Partial<NatsConnection>, connected = true): Link & { reconnect(): void } {
  const runs: (() => void)[] = [];
  return {
    name: 'replay',
    client: client as NatsConnection,
    connected,
    closed: false,
    onLost() {},
    subscribeInBulk() {},
    onReconnect: (run) => void runs.push(run),
    async close() {},
    reconnect() {
      for (const run of runs) run();
    },
  };
}
