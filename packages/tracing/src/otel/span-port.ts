import {
  type Context,
  createTraceState,
  type Span as OtelSpan,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Span, TraceContext, Tracer } from '@tidings/runtime';

const KINDS = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;

/** The port of the services, by a tracer of OpenTelemetry. Nothing is global: two services in one process stay apart. */
export function toTracer(tracer: OtelTracer): Tracer {
  return {
    isOn: true,
    start: (name, kind, parent, attributes) =>
      toSpan(tracer.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes } }, toContext(parent))),
  };
}

function toContext(parent: TraceContext | undefined): Context {
  if (parent === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled, state } = parent;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const context: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  if (state !== '') context.traceState = createTraceState(state);
  return trace.setSpanContext(ROOT_CONTEXT, context);
}

function toSpan(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  return {
    context: {
      traceId,
      spanId,
      sampled: (traceFlags & TraceFlags.SAMPLED) !== 0,
      state: traceState?.serialize() ?? '',
    },
    set: (attributes) => void span.setAttributes({ ...attributes }),
    end(fault) {
      if (fault !== undefined) {
        span.setAttribute('error.type', fault);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}
