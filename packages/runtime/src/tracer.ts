import type { TraceContext } from './trace.ts';

/** What a span says beside its name and its times. Never a topic, a user or a payload. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** `messaging.system` of every span: what an event goes through, whichever broker it stands on. */
export const MESSAGING_SYSTEM = 'tidings';

/** What a span is to those around it, by the words of OpenTelemetry. */
export type SpanKind = 'server' | 'producer' | 'consumer';

/** A piece of work in a trace, under way. */
export interface Span {
  /** For whom it calls upon. Not sampled: nothing of it is recorded, and what is set and ended here costs nothing. */
  readonly context: TraceContext;
  set(attributes: SpanAttributes): void;
  /** Ends it. @param fault its failure in a word, such as a problem code; left out when it did what it should. */
  end(fault?: string): void;
}

/** Records what happens to events on their way. The only thing that services know of tracing (ADR 0023). */
export interface Tracer {
  /** `false`: nothing is ever recorded, and nobody need ask for a span. */
  readonly isOn: boolean;
  /** @param parent the span that asked for this one; without one a new trace begins, which is sampled or not. */
  start(name: string, kind: SpanKind, parent: TraceContext | undefined, attributes: SpanAttributes): Span;
}

const UNTRACED: Span = {
  context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16), sampled: false, state: '' },
  set: () => {},
  end: () => {},
};

/** Where tracing is off. */
export const NO_TRACER: Tracer = { isOn: false, start: () => UNTRACED };
