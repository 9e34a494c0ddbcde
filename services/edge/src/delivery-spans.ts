import { encodeCursor, type Message } from '@tidings/protocol';
import {
  type Clock,
  type Logger,
  MESSAGING_SYSTEM,
  type Metrics,
  type Span,
  type TraceContext,
  type Tracer,
} from '@tidings/runtime';
import type { FlushQueue } from './flush-queue.ts';

/** A span of an event on its way to the streams of this process. */
interface DeliverySpan {
  /** It was handed to so many streams: the span ends with the last write to a socket of this turn. */
  routed(streams: number): void;
}

/** Spans of events that come with one. */
export interface DeliverySpans {
  /** Begins the span of an event; to be called before it is routed. `undefined` beyond what one second may have. */
  begin(message: Message, epoch: string, publisher: TraceContext): DeliverySpan | undefined;
}

export interface DeliverySpansOptions {
  readonly tracer: Tracer;
  readonly flushes: Pick<FlushQueue, 'afterFlush'>;
  readonly metrics: Pick<Metrics, 'spansDropped'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Spans of one second. Whoever publishes decides what is sampled, and a span costs several times what its event does: one
 * publisher that samples all of a flood must not slow everybody's deliveries.
 */
const MOST_IN_A_SECOND = 1_000;

/**
 * One span for each event and process, however many streams it goes to: a span for each of ten thousand would cost more than
 * the delivery. What a slow reader gets later is no part of it.
 */
export function createDeliverySpans({ tracer, flushes, metrics, log, clock }: DeliverySpansOptions): DeliverySpans {
  let waiting: { span: Span; timeMs: number }[] = [];
  let second = 0;
  let begun = 0;

  function mayBegin(): boolean {
    const now = Math.floor(clock.elapsed() / 1000);
    if (now !== second) [second, begun] = [now, 0];
    begun += 1;
    return begun <= MOST_IN_A_SECOND;
  }

  function endAll(): void {
    const flushed = waiting;
    waiting = [];
    const nowMs = clock.now();
    for (const { span, timeMs } of flushed) {
      span.set({ 'tidings.latency_ms': Math.max(0, nowMs - timeMs) });
      span.end();
    }
  }

  return {
    begin(message, epoch, publisher) {
      if (!mayBegin()) {
        metrics.spansDropped.inc({ reason: 'rate' });
        return undefined;
      }
      const { seq, tenant, data, timeMs } = message;
      const event = seq === 0 ? undefined : encodeCursor(epoch, seq);
      const span = tracer.start('deliver', 'consumer', publisher, {
        'messaging.system': MESSAGING_SYSTEM,
        'messaging.operation.name': 'deliver',
        'messaging.operation.type': 'process',
        'messaging.message.body.size': data.length,
        ...(event !== undefined && { 'messaging.message.id': event }),
        'tidings.tenant': tenant,
      });
      return {
        routed(streams) {
          span.set({ 'tidings.fanout': streams });
          const { traceId, spanId } = span.context;
          log.debug({ traceId, spanId, event, tenant, streams }, 'delivered');
          if (streams === 0) return span.end();
          if (waiting.length === 0) flushes.afterFlush(endAll);
          waiting.push({ span, timeMs });
        },
      };
    },
  };
}
