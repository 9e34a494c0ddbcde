import { randomFillSync } from 'node:crypto';

/** Where a span stands in its trace, as it goes from process to process (W3C Trace Context, level 1). */
export interface TraceContext {
  /** 32 hexadecimal digits, in lower case. */
  readonly traceId: string;
  /** 16 hexadecimal digits, in lower case. */
  readonly spanId: string;
  /** Whether the span is recorded: who comes after it then records too. */
  readonly sampled: boolean;
  /** `tracestate`, what other tracing systems have to say; empty for nothing. */
  readonly state: string;
}

const ID_BYTES = 16;
// Drawn for many ids at once: each call into the generator costs more than an id.
const pool = Buffer.alloc(256 * ID_BYTES);
let used = pool.length;

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?=-|$)/;
const TRACEPARENT_CHARACTERS = 55;
/** A `tracestate` that is longer is left behind; the recommendation asks for this much to be passed on. */
export const MOST_TRACESTATE_CHARACTERS = 512;

/**
 * Reads the two headers of W3C Trace Context.
 * @returns `undefined` where `traceparent` is missing or malformed: then a new trace begins. A `tracestate` that is too long
 *   or has characters that no header may hold is left behind.
 */
export function parseTraceContext(traceparent: string | undefined, tracestate = ''): TraceContext | undefined {
  const [, version = '', traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  // A later version may have more to say; this one may not.
  if (traceId === '' || (version === '00' && traceparent?.length !== TRACEPARENT_CHARACTERS)) return undefined;
  const isKept = tracestate.length <= MOST_TRACESTATE_CHARACTERS && /^[\x20-\x7e]*$/.test(tracestate);
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, state: isKept ? tracestate.trim() : '' };
}

/** The `traceparent` of a place in a trace. */
export function toTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** The trace id of a request: the one that `traceparent` brings, else a new random one. */
export function traceIdOf(traceparent: string | undefined): string {
  if (traceparent === undefined) return newTraceId();
  return parseTraceContext(traceparent)?.traceId ?? newTraceId();
}

function newTraceId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.toString('hex', used - ID_BYTES, used);
}
