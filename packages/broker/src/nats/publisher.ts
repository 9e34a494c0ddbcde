import { TidingsError } from '@tidings/protocol';
import type { Clock, Logger, Metrics, Timer } from '@tidings/runtime';
import type { MsgHdrs } from 'nats';
import { away, JETSTREAM, JetStreamError } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { type RawMessage, statusOf } from './raw-message.ts';
import type { ReplyAddress, ReplyInbox } from './reply-inbox.ts';

/** What the stream's leader answers once a quorum holds the event. */
interface Acknowledgement {
  readonly seq: number;
  readonly duplicate: boolean;
}

/** Stores events durably: tries again under the same message id until the quorum has one, or until it gives up. */
export interface Publisher {
  /**
   * Events of one subject are stored in the order of the calls.
   * @param lane stands in for the subject where several are to keep one order.
   * @throws TidingsError `unavailable`, `event-too-large`; JetStreamError where the headers expect what is not so.
   */
  store(subject: string, headers: MsgHdrs, data: Uint8Array, lane?: string): Promise<Acknowledgement>;
  /** Resolves when nothing is under way any more, at the latest after `timeoutMs`. */
  settle(timeoutMs: number): Promise<void>;
  /** Ends what is still under way: its outcome is unknown. */
  close(): void;
}

export interface PublisherParts {
  readonly link: Link;
  readonly inbox: ReplyInbox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const TRY_MS = 2_000;
const GIVE_UP_MS = 15_000;
const SWEEP_MS = 100;
// Payloads under way and queued: beyond, a publisher is told to come again, before memory is full of what waits.
const MOST_WAITING_BYTES = 134_217_728;
const LEAST_WAIT_MS = 50;
const MOST_WAIT_MS = 1_000;

type Reason = 'timeout' | 'no-responders' | 'server' | 'disconnected';

interface Job {
  readonly subject: string;
  /** One of each is under way. */
  readonly lane: string;
  readonly headers: MsgHdrs;
  readonly data: Uint8Array;
  readonly giveUpMs: number;
  /** Every try has an address of its own, and an answer to any of them counts. */
  readonly addresses: ReplyAddress[];
  readonly resolve: (acknowledgement: Acknowledgement) => void;
  readonly reject: (error: Error) => void;
  waitMs: number;
  /** When the present try is given up, or when the next one is due. */
  dueMs: number;
  state: 'queued' | 'asked' | 'waiting';
}

/**
 * One publish is under way for each subject (or lane): were two, a repeated first could be stored after the second. Each try takes
 * a reply address of one shared inbox, which costs about a third of the client's own request.
 */
export function createPublisher({ link, inbox, clock, log, metrics }: PublisherParts): Publisher {
  const queues = new Map<string, Job[]>();
  const active = new Set<Job>();
  let waitingBytes = 0;
  let sweeper: Timer | undefined;
  let idle: (() => void) | undefined;

  function send(job: Job): void {
    // The client would keep it, and send it after its publisher was refused.
    if (!link.connected) {
      again(job, 'disconnected');
      return;
    }
    const address = inbox.open((reply) => answered(job, reply));
    job.addresses.push(address);
    job.state = 'asked';
    job.dueMs = Math.min(clock.elapsed() + TRY_MS, job.giveUpMs);
    try {
      link.client.publish(job.subject, job.data, { headers: job.headers, reply: address.subject });
    } catch (error) {
      // The client refuses what the server would: over its max_payload, or a connection that was closed this instant.
      if ((error as { code?: string }).code === 'MAX_PAYLOAD_EXCEEDED') finish(job, tooLarge());
      else again(job, 'disconnected');
    }
  }

  function answered(job: Job, { headers, data }: RawMessage): void {
    if (!active.has(job)) return;
    const answer = parseAnswer(data);
    const { code = 500, err_code: errorCode, description = 'no answer of JetStream' } = answer.error ?? {};
    if (statusOf(headers) === 503) again(job, 'no-responders');
    else if (answer.error === undefined && answer.seq !== undefined)
      finish(job, undefined, { seq: answer.seq, duplicate: answer.duplicate === true });
    // A leader that is stopping fails to store as well, and says so under the same number.
    else if (errorCode === JETSTREAM.storeFailed && /maximum .* exceeded/.test(description))
      finish(job, full(description));
    else if (code >= 500 || errorCode === JETSTREAM.duplicateUnderWay || errorCode === JETSTREAM.lastSequenceUnderWay)
      again(job, 'server');
    else if (errorCode === JETSTREAM.wrongLastSequence) finish(job, new JetStreamError(code, errorCode, description));
    else {
      log.error({ errorCode, description }, 'the broker refuses an event');
      finish(job, errorCode === JETSTREAM.messageTooLarge ? tooLarge() : away(description));
    }
  }

  function again(job: Job, reason: Reason): void {
    const nowMs = clock.elapsed();
    // An answer to an earlier try may come after a later one was refused.
    if (job.state === 'waiting') return;
    if (nowMs >= job.giveUpMs) {
      finish(job, away(`no acknowledgement within ${GIVE_UP_MS / 1000} s`));
      return;
    }
    metrics.publishRetries.inc({ reason });
    job.state = 'waiting';
    job.dueMs = Math.min(nowMs + job.waitMs, job.giveUpMs);
    job.waitMs = Math.min(job.waitMs * 2, MOST_WAIT_MS);
  }

  function finish(job: Job, error: Error | undefined, acknowledgement?: Acknowledgement): void {
    leave(job);
    if (acknowledgement !== undefined) job.resolve(acknowledgement);
    else job.reject(error as Error);
    // A loop, and no call from one to the next: a long queue may have run out of time as a whole.
    const queue = queues.get(job.lane) as Job[];
    queue.shift();
    while (queue[0] !== undefined && clock.elapsed() >= queue[0].giveUpMs) {
      const late = queue.shift() as Job;
      leave(late);
      late.reject(away('the events before this one took too long'));
    }
    if (queue[0] !== undefined) start(queue[0]);
    else queues.delete(job.lane);
    if (queues.size === 0) rest();
  }

  function leave(job: Job): void {
    for (const address of job.addresses) address.close();
    active.delete(job);
    waitingBytes -= weightOf(job.data);
  }

  function start(job: Job): void {
    active.add(job);
    send(job);
  }

  function sweep(): void {
    const nowMs = clock.elapsed();
    for (const job of [...active]) {
      if (!active.has(job) || nowMs < job.dueMs) continue;
      if (job.state === 'asked') again(job, 'timeout');
      else if (nowMs >= job.giveUpMs) finish(job, away(`no acknowledgement within ${GIVE_UP_MS / 1000} s`));
      else send(job);
    }
  }

  function rest(): void {
    sweeper?.cancel();
    sweeper = undefined;
    idle?.();
  }

  // What was asked on the connection that is gone gets no answer any more: the ids make a second asking harmless.
  link.onReconnect(() => {
    for (const job of [...active]) if (active.has(job) && job.state !== 'queued') send(job);
  });

  return {
    store(subject, headers, data, lane = subject) {
      return new Promise((resolve, reject) => {
        if (waitingBytes + weightOf(data) > MOST_WAITING_BYTES) {
          reject(away('too many events wait for its acknowledgement'));
          return;
        }
        waitingBytes += weightOf(data);
        const giveUpMs = clock.elapsed() + GIVE_UP_MS;
        const common = { subject, lane, headers, data, giveUpMs, addresses: [], resolve, reject };
        const job: Job = { ...common, waitMs: LEAST_WAIT_MS, dueMs: 0, state: 'queued' };
        sweeper ??= clock.every(SWEEP_MS, sweep);
        const queue = queues.get(lane);
        if (queue !== undefined) return void queue.push(job);
        queues.set(lane, [job]);
        start(job);
      });
    },
    async settle(timeoutMs) {
      if (queues.size === 0) return;
      await new Promise<void>((resolve) => {
        const timer = clock.after(timeoutMs, resolve);
        idle = () => {
          timer.cancel();
          resolve();
        };
      });
    },
    close() {
      for (const job of [...queues.values()].flat()) {
        for (const address of job.addresses) address.close();
        job.reject(away('this process is closing'));
      }
      active.clear();
      queues.clear();
      waitingBytes = 0;
      rest();
    },
  };
}

// An event without a payload takes room as well.
const weightOf = (data: Uint8Array): number => data.length + 1_000;

interface Answer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}

function parseAnswer(data: Buffer): Answer {
  try {
    return JSON.parse(data.toString()) as Answer;
  } catch {
    return {};
  }
}

const tooLarge = (): TidingsError => new TidingsError('event-too-large', 'The broker takes no event of this size.');

const full = (description: string): TidingsError =>
  new TidingsError('unavailable', `The broker can not store the event: ${description}.`, { retryAfterSec: 5 });
