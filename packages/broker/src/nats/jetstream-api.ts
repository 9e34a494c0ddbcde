import { setTimeout as pause } from 'node:timers/promises';
import { TidingsError } from '@tidings/protocol';
import { ErrorCode, type NatsError } from 'nats';
import type { LinkClient } from './link.ts';
import { STREAM } from './subject.ts';

/** What the server says of a stream: the fields that are used here. */
export interface StreamInfo {
  readonly config: StreamConfig;
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
    /** RFC 3339. */
    readonly last_ts: string;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  readonly created: string;
  readonly total?: number;
  /** Of the copies; absent on a single server. */
  readonly cluster?: { readonly leader?: string };
}

/** The configuration of a stream, in the server's own names and units (nanoseconds, bytes). */
export interface StreamConfig {
  readonly name: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** A message from the leader's own store. */
export interface StoredMessage {
  readonly seq: number;
  readonly subject: string;
  /** Base64; absent without a payload. */
  readonly data?: string;
  /** The header block in base64; absent without headers. */
  readonly hdrs?: string;
}

/** The server refused: `errorCode` is JetStream's own number, 404 and the like stand in `status`. */
export class JetStreamError extends Error {
  readonly status: number;
  readonly errorCode: number;

  constructor(status: number, errorCode: number, description: string) {
    super(description);
    this.name = 'JetStreamError';
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** JetStream's numbers for what is expected here (nats-server, server/errors.json). */
export const JETSTREAM = {
  notClustered: 10074,
  messageNotFound: 10037,
  wrongLastSequence: 10071,
  /** Another with the same expectation is being stored. */
  lastSequenceUnderWay: 10164,
  messageTooLarge: 10054,
  streamExists: 10058,
  streamNotFound: 10059,
  storeFailed: 10077,
  noPeers: 10005,
  duplicateUnderWay: 10158,
} as const;

const TIMEOUT_MS = 2_000;
/** The cause of a failure that does not pass. */
const CLOSED = Symbol('closed');

/** The few requests to JetStream's API that are made, all to the leader of one stream. */
export interface JetStreamApi {
  info(body?: object): Promise<StreamInfo>;
  create(config: StreamConfig): Promise<StreamInfo>;
  /** The leader's next message at or after `seq` on subjects that match; `undefined` when it has none. */
  next(seq: number, filter: string): Promise<StoredMessage | undefined>;
  /** The leader's newest message of a subject; `undefined` when it has none. */
  newest(subject: string): Promise<StoredMessage | undefined>;
  /** Erases what matches the filter and lies before the place `before`. */
  purge(filter: string, before: number): Promise<void>;
}

/**
 * Every call throws `JetStreamError` when the server refuses, and TidingsError `unavailable` when nobody answers, which
 * passes: during an election, and while the connection is away.
 */
export function createJetStreamApi(client: LinkClient, stream: string = STREAM): JetStreamApi {
  const call = <Answer>(method: string, body?: object): Promise<Answer> => callJetStream(client, method, stream, body);

  async function get(query: object): Promise<StoredMessage | undefined> {
    try {
      return (await call<{ message: StoredMessage }>('STREAM.MSG.GET', query)).message;
    } catch (error) {
      if (error instanceof JetStreamError && error.errorCode === JETSTREAM.messageNotFound) return undefined;
      throw error;
    }
  }

  // A server that has lost the others answers this one request from its own copy, which nobody vouches for, and names no
  // leader: taken for the leader's word it would hide that nothing can be stored, and keep a process in touch that is cut off.
  async function info(body?: object): Promise<StreamInfo> {
    const answer = await call<StreamInfo>('STREAM.INFO', body);
    if (answer.cluster !== undefined && !answer.cluster.leader) throw away('nobody leads the stream');
    return answer;
  }

  return {
    info,
    create: (config) => call('STREAM.CREATE', config),
    next: (seq, filter) => get({ seq, next_by_subj: filter }),
    newest: (subject) => get({ last_by_subj: subject }),
    async purge(filter, before) {
      await call('STREAM.PURGE', { filter, seq: before });
    },
  };
}

/**
 * One request to JetStream's API.
 * @param target the stream, and what of it.
 * @throws as every call of `JetStreamApi`.
 */
export async function callJetStream<Answer>(
  client: LinkClient,
  method: string,
  target: string,
  body?: object,
): Promise<Answer> {
  const payload = body === undefined ? '' : JSON.stringify(body);
  let answer: { error?: { code: number; err_code?: number; description?: string } };
  try {
    answer = (await client.request(`$JS.API.${method}.${target}`, payload, { timeout: TIMEOUT_MS })).json();
  } catch (error) {
    // A connection that was closed will never answer: asking again is no use.
    if (client.isClosed()) throw away('this process is closing', CLOSED);
    throw toFailure(method, error as NatsError);
  }
  if (answer.error === undefined) return answer as Answer;
  const { code, err_code: errorCode = 0, description = '' } = answer.error;
  // A leader that is being elected, a server that can't reach it, or servers that have not found each other yet.
  const passes = (code >= 500 && errorCode !== JETSTREAM.notClustered) || errorCode === JETSTREAM.noPeers;
  if (passes) throw away(`${description} (${errorCode})`);
  throw new JetStreamError(code, errorCode, `${method}: ${description} (${errorCode})`);
}

/** The failure of whatever needs a broker that is away. */
export function away(detail: string, cause?: unknown): TidingsError {
  return new TidingsError('unavailable', `The broker can not be reached: ${detail}.`, { retryAfterSec: 1 }, cause);
}

/** What the server refuses, a stream that is gone for the moment above all, is a broker that can't be asked. */
export function asUnavailable(error: unknown): never {
  throw error instanceof JetStreamError ? away(error.message, error) : error;
}

/** The same for what may not be there: a stream that was never made, or not for these credentials. */
export function asMissing(error: unknown): undefined {
  if (!(error instanceof JetStreamError)) throw error;
  if (error.errorCode === JETSTREAM.streamNotFound || error.status === 403) return undefined;
  return asUnavailable(error);
}

function toFailure(method: string, error: NatsError): Error {
  if (error.code === ErrorCode.PermissionsViolation) {
    return new JetStreamError(403, 0, `${method}: these credentials have no permission for it`);
  }
  return away(`no answer to ${method}`, error);
}

/** Runs `ask` again while nobody answers, until `signal` is aborted: then it throws what it threw last. */
export async function whileAway<Answer>(ask: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      return await ask();
    } catch (error) {
      const passes = error instanceof TidingsError && error.code === 'unavailable' && error.cause !== CLOSED;
      if (!passes || signal.aborted) throw error;
      // The wait ends early with the signal; what was thrown says more than the abort.
      await pause(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) throw error;
    }
  }
}
