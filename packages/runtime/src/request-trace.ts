import type { ServiceContext } from './service-app.ts';
import { parseTraceContext, type TraceContext, traceIdOf } from './trace.ts';
import type { Span } from './tracer.ts';

/** The trace that a request was sent in; `undefined` where it names none. */
export function traceOfRequest(context: ServiceContext): TraceContext | undefined {
  const { traceparent, tracestate } = context.env.incoming.headers;
  return parseTraceContext(traceparent as string | undefined, tracestate as string | undefined);
}

/** From now on the log lines of a request name the trace and the span that are recorded of it. */
export function noteSpan(context: ServiceContext, { context: { traceId, spanId, sampled } }: Span): void {
  context.set('traceId', traceId);
  if (sampled) context.set('spanId', spanId);
}

/** The trace id that stands in every log line of a request: its own, else one that is made when it is first asked for. */
export function traceIdOfRequest(context: ServiceContext): string {
  const known = context.get('traceId');
  if (known !== undefined) return known;
  const traceId = traceIdOf(context.env.incoming.headers.traceparent as string | undefined);
  context.set('traceId', traceId);
  return traceId;
}
