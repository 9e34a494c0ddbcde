import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { SharedState } from '../cluster-port.ts';
import { asUnavailable, away, JETSTREAM, type JetStreamApi, type StoredMessage } from './jetstream-api.ts';
import type { LinkClient } from './link.ts';
import { lastHeader } from './raw-message.ts';
import { subjectOfKey } from './state-bucket.ts';

const TIMEOUT_MS = 2_000;
// As long as anybody may ask for what was taken a moment ago; an entry that is missing says the same.
const MARKER_TTL = '60s';
const MOST_TRIES = 5;

/** Writes entries, and takes them out. Nothing is tried twice: what a lost answer said is not known, and fails. */
export function createStateStore(client: LinkClient, api: JetStreamApi): Pick<SharedState, 'put' | 'take'> {
  async function write(key: string, value: string, headers: MsgHdrs): Promise<Written> {
    let answer: Written;
    try {
      answer = (await client.request(subjectOfKey(key), value, { timeout: TIMEOUT_MS, headers })).json();
    } catch (error) {
      throw away('the shared state does not answer', error);
    }
    return answer;
  }

  // Answers whether the entry that has this place was taken by this very call.
  async function mark(key: string, seq: number): Promise<boolean> {
    const headers = createHeaders();
    headers.set('KV-Operation', 'DEL');
    headers.set('Nats-TTL', MARKER_TTL);
    headers.set('Nats-Expected-Last-Subject-Sequence', `${seq}`);
    const { error } = await write(key, '', headers);
    if (error === undefined) return true;
    if (error.err_code === JETSTREAM.wrongLastSequence) return false;
    throw refused(error);
  }

  return {
    async put(key, value, ttlSec) {
      const headers = createHeaders();
      headers.set('Nats-TTL', `${ttlSec}s`);
      const { seq, error } = await write(key, value, headers);
      if (error !== undefined || seq === undefined) throw refused(error);
      return seq;
    },
    async take(key) {
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        // The leader's own word: a replica may not have heard of it yet.
        const newest = await api.newest(subjectOfKey(key)).catch(asUnavailable);
        if (newest === undefined || isMarker(toHeaderText(newest))) return undefined;
        if (await mark(key, newest.seq)) return toValueText(newest);
        // Somebody has taken it, or put another in its place: that one is to be had.
      }
      throw away('the entry changes all the time');
    },
  };
}

/** Whether an entry with these headers says that there is none. */
export const isMarker = (headers: string): boolean =>
  lastHeader(headers, 'KV-Operation') !== undefined || lastHeader(headers, 'Nats-Marker-Reason') !== undefined;

export const toHeaderText = ({ hdrs = '' }: StoredMessage): string => Buffer.from(hdrs, 'base64').toString('latin1');
export const toValueText = ({ data = '' }: StoredMessage): string => Buffer.from(data, 'base64').toString();

interface Written {
  readonly seq?: number;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

const refused = (error: Written['error']): Error =>
  away(`the shared state takes no entry: ${error?.description ?? 'no answer of JetStream'}`);
