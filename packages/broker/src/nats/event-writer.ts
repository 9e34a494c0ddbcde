import { createHash } from 'node:crypto';
import type { Clock, Logger, Metrics, TraceContext } from '@tidings/runtime';
import { nuid } from 'nats';
import type { PublishInput, Receipt, Selection } from '../port.ts';
import { encodeHeaders } from './event-message.ts';
import { createFollowerWatch } from './follower.ts';
import { createIndexVoice } from './index-voice.ts';
import { away, type JetStreamApi } from './jetstream-api.ts';
import type { Link } from './link.ts';
import type { LogWatch } from './log-watch.ts';
import { createOnceWriter } from './once-writer.ts';
import { createPublisher } from './publisher.ts';
import { encodePurge } from './purge.ts';
import type { ReplyInbox } from './reply-inbox.ts';
import { filtersOf, onceSubject, PURGES, storedSubject, unstoredSubject } from './subject.ts';

/** What a role has that may write into the log. */
export interface EventWriter {
  /** As `Broker.publish`. */
  publish(input: PublishInput, trace?: TraceContext): Promise<Receipt>;
  /**
   * Uses up a key, and stores an event with it where one is given: both or neither, and of all who ever bring this key
   * only the first (ADR 0033).
   * @returns `undefined` when it was used before.
   * @throws TidingsError `unavailable`: whether this call used it is not known. JetStreamError where the log will not have
   *   this one, whatever it does with others.
   */
  publishOnce(once: string, event: PublishInput | undefined): Promise<Receipt | undefined>;
  /** As `Broker.purge`. @param patiently asks the leader again while nobody answers. */
  purge(selection: Selection, patiently: (ask: () => Promise<void>) => Promise<void>): Promise<void>;
  /** The log is another one: its places begin anew. */
  restart(): void;
  /** Resolves when nothing is under way any more, at the latest after `timeoutMs`. */
  settle(timeoutMs: number): Promise<void>;
  close(): void;
}

export interface EventWriterParts {
  readonly link: Link;
  readonly inbox: ReplyInbox;
  readonly api: JetStreamApi;
  readonly watch: LogWatch;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function createEventWriter({ link, inbox, api, watch, clock, log, metrics }: EventWriterParts): EventWriter {
  const publisher = createPublisher({ link, inbox, clock, log, metrics });
  const onceWriter = createOnceWriter(link, metrics);
  const followers = createFollowerWatch(link, clock);
  const index = createIndexVoice({ link, clock, epoch: () => watch.epoch, wanted: () => followers.wantIndex });
  let lastSeq = 0;

  function publishUnstored(input: PublishInput, trace: TraceContext | undefined): void {
    if (!link.connected) throw away('the connection is lost');
    const headers = encodeHeaders(input, '', trace);
    try {
      link.client.publish(unstoredSubject(input.tenant, input.topic), input.data, { headers });
    } catch (error) {
      throw away('the connection does not take the event', error);
    }
  }

  // A place from before those that were given out: perhaps of another log, whose name the receipt must bear.
  async function notePlace(seq: number): Promise<void> {
    if (seq < lastSeq) await watch.ask().catch(() => {});
    lastSeq = seq;
  }

  return {
    async publish(input, trace) {
      if (!input.store) {
        publishUnstored(input, trace);
        return { epoch: watch.epoch, seq: 0, duplicate: false };
      }
      const subject = storedSubject(input.tenant, input.topic);
      const id = input.id === '' ? nuid.next() : toMessageId(input);
      const { seq, duplicate } = await publisher.store(subject, encodeHeaders(input, id, trace), input.data);
      index.note(subject, seq);
      if (!duplicate) await notePlace(seq);
      return { epoch: watch.epoch, seq, duplicate };
    },
    async publishOnce(once, event) {
      const places = await onceWriter.use(once, event);
      if (places === undefined) return undefined;
      const { seq, keySeq } = places;
      if (event !== undefined) index.note(storedSubject(event.tenant, event.topic), seq);
      index.note(onceSubject(once), keySeq);
      await notePlace(keySeq);
      return { epoch: watch.epoch, seq, duplicate: false };
    },
    async purge(selection, patiently) {
      const { headers, data } = encodePurge(selection, nuid.next());
      const { seq } = await publisher.store(PURGES, headers, data);
      index.note(PURGES, seq);
      await followers.passed(watch.epoch, seq);
      for (const filter of filtersOf(selection)) await patiently(() => api.purge(filter, seq));
    },
    restart() {
      lastSeq = 0;
    },
    settle: (timeoutMs) => publisher.settle(timeoutMs),
    close() {
      publisher.close();
      index.close();
    },
  };
}

// JetStream knows a repeated id over the whole stream: the publisher's own would lose all but one of a fan-out.
function toMessageId({ tenant, topic, id }: PublishInput): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, topic, id]))
    .digest('base64url');
}
