import { type Clock, type Logger, type Metrics, systemClock } from '@tidings/runtime';
import { headers as createHeaders } from 'nats';
import { assertStateKey } from '../control-limits.ts';
import {
  type Lane,
  NoRoomError,
  type Shelf,
  type ShelfRecord,
  type Task,
  type WorkQueue,
  type WorkStore,
} from '../work-port.ts';
import {
  asUnavailable,
  away,
  callJetStream,
  createJetStreamApi,
  JETSTREAM,
  type JetStreamApi,
} from './jetstream-api.ts';
import { dial, type Link, type LinkClient } from './link.ts';
import type { NatsAccess } from './options.ts';
import { toValueText } from './state-store.ts';
import { awaitStream } from './stream-setup.ts';
import { createTaskReader, type TaskReader } from './task-reader.ts';
import { consumerOf, DEAD, LEDGER, subjectOfLane, WORK_PLANS } from './work-streams.ts';

export interface NatsWorkOptions extends NatsAccess {
  readonly replicas?: number | undefined;
  /** How long somebody may hold an event on a personal topic; 120 s. */
  readonly personalLeaseMs?: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock?: Clock;
}

const TIMEOUT_MS = 2_000;

/**
 * Work and records in streams of JetStream. An edge only puts; whoever has another role waits for the streams, and
 * creates them where it may.
 */
export function createNatsWork(options: NatsWorkOptions): WorkStore {
  const closing = new AbortController();
  let link: Link | undefined;
  let reader: TaskReader | undefined;

  const client = (): LinkClient => {
    if (link === undefined) throw away('it is not open');
    return link.client;
  };

  const queue: WorkQueue = {
    async open() {
      const { log, metrics } = options;
      // Who sends webhooks has no other connection to the broker that counts.
      const onChange = (server: string | undefined): void => {
        if (options.role === 'webhooks') metrics.brokerConnected.set(server === undefined ? 0 : 1);
      };
      const parts = { access: options, log, metrics, taken: () => new Set<string>(), onChange };
      link = await dial('work', parts, closing.signal);
      if (options.role === 'edge') return;
      for (const plan of WORK_PLANS) {
        await awaitStream(createJetStreamApi(link.client, plan.name), plan, options, closing.signal);
      }
      reader = createTaskReader(link, options.role, options.clock ?? systemClock);
    },
    async put(lane, id, body) {
      // The log itself has them.
      if (lane === 'personal') throw new TypeError('put(lane, …): events on personal topics are published');
      // Ids are one for the whole stream.
      await store(client(), subjectOfLane(lane), body, `${lane} ${id}`);
    },
    async take(lane, most): Promise<readonly Task[]> {
      if (reader === undefined) throw away('it is not open');
      return reader.take(consumerOf(lane, options.personalLeaseMs ?? 120_000), most);
    },
    async waiting(lane: Lane) {
      const { stream, name } = consumerOf(lane, 0);
      const asked = callJetStream<Waiting>(client(), 'CONSUMER.INFO', `${stream}.${name}`);
      const { num_pending: pending, num_ack_pending: held } = await asked.catch(asUnavailable);
      return pending + held;
    },
    async close() {
      closing.abort(away('this process is closing'));
      await link?.close();
    },
  };
  return {
    queue,
    ledger: createNatsShelf(client, LEDGER, 'hook.open.'),
    dead: createNatsShelf(client, DEAD, 'hook.dead.'),
  };
}

interface Waiting {
  readonly num_pending: number;
  readonly num_ack_pending: number;
}

function createNatsShelf(client: () => LinkClient, stream: string, prefix: string): Shelf {
  const api = (): JetStreamApi => createJetStreamApi(client(), stream);
  return {
    async put(key, value) {
      assertStateKey(key);
      await store(client(), prefix + key, value);
    },
    async get(key) {
      const found = await api()
        .newest(prefix + key)
        .catch(asUnavailable);
      return found && { key, value: toValueText(found), revision: found.seq };
    },
    // All before a place, and 0 is no place.
    remove: (key, revision = -1) =>
      api()
        .purge(prefix + key, revision + 1)
        .catch(asUnavailable),
    async list(under, most) {
      const records: ShelfRecord[] = [];
      const filter = `${prefix}${under}.>`;
      let next = await api().next(1, filter).catch(asUnavailable);
      while (next !== undefined && records.length < most) {
        records.push({ key: next.subject.slice(prefix.length), value: toValueText(next), revision: next.seq });
        if (records.length < most)
          next = await api()
            .next(next.seq + 1, filter)
            .catch(asUnavailable);
      }
      return records;
    },
  };
}

async function store(client: LinkClient, subject: string, body: string, id?: string): Promise<void> {
  const headers = createHeaders();
  if (id !== undefined) headers.set('Nats-Msg-Id', id);
  let answer: { readonly error?: { readonly err_code?: number; readonly description?: string } };
  try {
    answer = (await client.request(subject, body, { timeout: TIMEOUT_MS, headers })).json();
  } catch (error) {
    if ((error as { code?: string }).code === 'MAX_PAYLOAD_EXCEEDED') throw new NoRoomError('It is too large.');
    throw away('the queue does not answer', error);
  }
  if (answer.error === undefined) return;
  const { err_code: code, description = '' } = answer.error;
  const isRoomless = code === JETSTREAM.messageTooLarge || /maximum .* exceeded/.test(description);
  throw isRoomless ? new NoRoomError(`There is no room: ${description}.`) : away(`it takes nothing: ${description}`);
}
