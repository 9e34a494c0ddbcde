import { headers as createHeaders, type MsgHdrs } from 'nats';
import type { Records } from '../record-port.ts';
import { asUnavailable, away, JETSTREAM, type JetStreamApi, JetStreamError } from './jetstream-api.ts';
import type { LinkClient } from './link.ts';
import { subjectOfRecord } from './record-bucket.ts';
import { isMarker, toHeaderText, toValueText } from './state-store.ts';

const TIMEOUT_MS = 2_000;
// A change that was begun before the removal must find the marker, and not an empty place.
const MARKER_TTL = '60s';

/** Reads and writes records with the leader alone: a replica may not have heard of the newest. Nothing is tried twice. */
export function createRecordStore(client: LinkClient, api: JetStreamApi): Records {
  async function write(key: string, value: string, headers: MsgHdrs): Promise<boolean> {
    let answer: { readonly error?: { readonly err_code?: number; readonly description?: string } };
    try {
      answer = (await client.request(subjectOfRecord(key), value, { timeout: TIMEOUT_MS, headers })).json();
    } catch (error) {
      throw away('the records do not answer', error);
    }
    if (answer.error === undefined) return true;
    if (answer.error.err_code === JETSTREAM.wrongLastSequence) return false;
    throw away(`the records take no change: ${answer.error.description ?? 'no reason'}`);
  }

  // Without the bucket nobody has a record.
  async function isMissing(): Promise<boolean> {
    try {
      await api.info();
      return false;
    } catch (error) {
      return error instanceof JetStreamError && error.errorCode === JETSTREAM.streamNotFound;
    }
  }

  return {
    async get(key) {
      const newest = await api.newest(subjectOfRecord(key)).catch(asUnavailable);
      if (newest === undefined) return { value: undefined, revision: 0 };
      return { value: isMarker(toHeaderText(newest)) ? undefined : toValueText(newest), revision: newest.seq };
    },
    replace(key, value, ttlSec, revision) {
      const headers = createHeaders();
      headers.set('Nats-TTL', `${ttlSec}s`);
      headers.set('Nats-Expected-Last-Subject-Sequence', `${revision}`);
      return write(key, value, headers);
    },
    async remove(key) {
      const headers = createHeaders();
      headers.set('KV-Operation', 'DEL');
      headers.set('Nats-TTL', MARKER_TTL);
      try {
        await write(key, '', headers);
      } catch (error) {
        if (!(await isMissing())) throw error;
      }
    },
  };
}
