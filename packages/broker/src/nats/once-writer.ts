import type { Metrics } from '@tidings/runtime';
import { headers as createHeaders, ErrorCode, type MsgHdrs, type NatsError, nuid } from 'nats';
import type { PublishInput } from '../port.ts';
import { encodeHeaders } from './event-message.ts';
import { away, JETSTREAM, JetStreamError } from './jetstream-api.ts';
import type { Link } from './link.ts';
import { onceSubject, storedSubject } from './subject.ts';

/** Uses up a key of the log: of all who ever bring the same one, one wins. */
export interface OnceWriter {
  /**
   * Stores the key, and with it an event, both or neither.
   * @returns the places of what was stored; `undefined` when somebody else had used the key.
   * @throws TidingsError `unavailable`: whether it was used by this call is not known; to ask again is safe. JetStreamError
   *   where the log will not have this one, whatever it does with others.
   */
  use(once: string, event?: PublishInput): Promise<OncePlaces | undefined>;
}

interface OncePlaces {
  /** Of the event; 0 without one. */
  readonly seq: number;
  /** Of the key. */
  readonly keySeq: number;
}

const TIMEOUT_MS = 2_000;

/**
 * The key is a subject of the log on which nothing may stand yet. Where an event goes with it they are one atomic batch
 * (ADR-50 of NATS): the server stores all of it or none. So neither a window of time nor who asks matters.
 */
export function createOnceWriter(link: Link, metrics: Metrics): OnceWriter {
  async function ask(once: string, headers: MsgHdrs): Promise<Answer> {
    headers.set('Nats-Expected-Last-Subject-Sequence', '0');
    try {
      return (await link.client.request(onceSubject(once), '', { timeout: TIMEOUT_MS, headers })).json();
    } catch (error) {
      throw away('the log does not answer', error);
    }
  }

  function begin(event: PublishInput): MsgHdrs {
    const batch = nuid.next();
    const headers = encodeHeaders(event, '');
    // The key stands for it, and the server would refuse the batch for an id that it has seen.
    headers.delete('Nats-Msg-Id');
    headers.set('Nats-Batch-Id', batch);
    headers.set('Nats-Batch-Sequence', '1');
    try {
      link.client.publish(storedSubject(event.tenant, event.topic), event.data, { headers });
    } catch (error) {
      const { code, message } = error as NatsError;
      if (code === ErrorCode.MaxPayloadExceeded) throw new JetStreamError(400, JETSTREAM.messageTooLarge, message);
      throw away('the connection does not take the event', error);
    }
    const end = createHeaders();
    end.set('Nats-Batch-Id', batch);
    end.set('Nats-Batch-Sequence', '2');
    end.set('Nats-Batch-Commit', '1');
    return end;
  }

  return {
    async use(once, event) {
      // The client would keep it, and send it when nobody waits any more.
      if (!link.connected) throw away('the connection is lost');
      const { seq, error } = await ask(once, event === undefined ? createHeaders() : begin(event));
      if (error === undefined && seq !== undefined) return { seq: event === undefined ? 0 : seq - 1, keySeq: seq };
      if (error?.err_code === JETSTREAM.wrongLastSequence) return undefined;
      metrics.publishRetries.inc({ reason: 'server' });
      const { code = 500, err_code: errorCode = 0, description = 'no answer of JetStream' } = error ?? {};
      if (code < 500) throw new JetStreamError(code, errorCode, `the log does not take it: ${description}`);
      throw away(`the log does not take it: ${description}`);
    },
  };
}

interface Answer {
  readonly seq?: number;
  readonly error?: { readonly code?: number; readonly err_code?: number; readonly description?: string };
}
