import { parseTraceContext, type TraceContext, toTraceparent } from '@tidings/runtime';
import type { MsgHdrs } from 'nats';

// The names of W3C Trace Context: the servers know them too, and trace a message's way through a cluster by them.
const PARENT = 'traceparent';
const STATE = 'tracestate';
const PARENT_LINE = Buffer.from(`\r\n${PARENT}: `);
const STATE_LINE = Buffer.from(`\r\n${STATE}: `);
const LF = 10;

// Behind the line that comes first, and nowhere else: so one look at one byte tells that there is none.
const TRACED = new RegExp(
  `^NATS/1\\.0\r\n(?:Nats-Msg-Id|Td-Live-Only): [^\r\n]*\r\n${PARENT}: ([^\r\n]*)\r\n(?:${STATE}: ([^\r\n]*)\r\n)?`,
);

/** Adds the span that an event is stored by; to be called when the first header stands, and before any other does. */
export function encodeTrace(headers: MsgHdrs, trace: TraceContext): void {
  headers.set(PARENT, toTraceparent(trace));
  if (trace.state !== '') headers.set(STATE, trace.state);
}

/** The span that an event was stored by, from its header block; `undefined` where nobody records it. */
export function readTrace(headers: string): TraceContext | undefined {
  const [, traceparent, tracestate] = TRACED.exec(headers) ?? [];
  const trace = traceparent === undefined ? undefined : parseTraceContext(traceparent, tracestate);
  return trace?.sampled ? trace : undefined;
}

/**
 * Where the lines of a trace end that begin here, with their line break; `start` itself where there are none.
 *
 * Cost without them: a look at one byte.
 */
export function afterTrace(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start + 2] !== PARENT_LINE[2] || !hasAt(bytes, start, PARENT_LINE)) return start;
  const next = lineEnd(bytes, start + PARENT_LINE.length, end);
  return hasAt(bytes, next, STATE_LINE) ? lineEnd(bytes, next + STATE_LINE.length, end) : next;
}

function hasAt(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let at = 0; at < text.length; at += 1) if (bytes[start + at] !== text[at]) return false;
  return true;
}

// Of the line break that ends the line, its first byte.
function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at + 1] !== LF) at += 1;
  return at;
}
