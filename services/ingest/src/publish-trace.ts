import type { Grant } from '@tidings/auth';
import {
  isGone,
  MESSAGING_SYSTEM,
  noteSpan,
  type ServiceContext,
  type Span,
  type TraceContext,
  type Tracer,
  traceOfRequest,
} from '@tidings/runtime';
import type { PublishResult } from './publish.ts';

/** The trace of a publish request that is recorded. */
export interface PublishTrace {
  /** The caller is known: only from here on the request is recorded, since a stranger may not fill what spans wait in. */
  accept(grant: Grant): void;
  /** Begins the span of a store of so many events, each on one topic. All of them bear it. */
  store(events: number): StoreSpan;
}

/** The span of a store, under way. */
interface StoreSpan {
  readonly context: TraceContext;
  end(results: readonly PublishResult[]): void;
}

const CLIENT_GONE = 499;

/**
 * Begins the trace of a publish request, or goes on with the one that it brings.
 * @param route its path as it is documented: no topic and no user may stand in the name of a span.
 * @returns `undefined` where nothing is recorded of it.
 */
export function beginPublish(tracer: Tracer, context: ServiceContext, route: string): PublishTrace | undefined {
  if (!tracer.isOn) return undefined;
  const request = tracer.start(`POST ${route}`, 'server', traceOfRequest(context), {
    'http.request.method': 'POST',
    'http.route': route,
  });
  if (!request.context.sampled) {
    noteSpan(context, request);
    return undefined;
  }
  let common = {};
  return {
    accept({ tenant }) {
      noteSpan(context, request);
      common = { 'tidings.tenant': tenant };
      request.set(common);
      const { outgoing } = context.env;
      const end = (): void => endRequest(request, outgoing.headersSent ? outgoing.statusCode : CLIENT_GONE);
      // Who left while the token was looked at: `close` will not come again, and what is stored yet would lack its parent.
      if (isGone(outgoing)) end();
      else outgoing.once('close', end);
    },
    store(events) {
      const span = tracer.start('publish', 'producer', request.context, {
        ...common,
        'messaging.system': MESSAGING_SYSTEM,
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        ...(events > 1 && { 'messaging.batch.message_count': events }),
      });
      return { context: span.context, end: (results) => endStore(span, results) };
    },
  };
}

function endRequest(span: Span, status: number): void {
  span.set({ 'http.response.status_code': status });
  span.end(status >= 500 ? `${status}` : undefined);
}

function endStore(span: Span, results: readonly PublishResult[]): void {
  const [only] = results;
  if (results.length === 1 && only?.id !== undefined) span.set({ 'messaging.message.id': only.id });
  span.end(results.find(({ status }) => status >= 500)?.problem?.code);
}
