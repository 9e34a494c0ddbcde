import { BatchSpanProcessor, type ReadableSpan, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Clock, Logger, Metrics } from '@tidings/runtime';

export interface BoundedExportOptions {
  readonly exporter: SpanExporter;
  /** Spans that wait, or are on their way, at most. */
  readonly mostSpans: number;
  readonly metrics: Pick<Metrics, 'spansDropped'>;
  readonly log: Logger;
  readonly clock: Clock;
}

// Of one request to a collector; and how long a span waits for company.
const BATCH_SPANS = 512;
const BATCH_WAIT_MS = 1_000;
// An exporter's own limit is for silence: an answer that drips, or that is none, would keep its spans for ever.
const ANSWER_MS = 30_000;
// As long as this no span may have been dropped before the log says that they go through: each burst would say both anew.
const QUIET_MS = 60_000;
// What ExportResultCode stands for, in a package that is not worth a dependency of its own.
const SUCCESS = 0;
const FAILED = 1;

const LATE = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/**
 * Sends spans in batches, off the way of what they tell of: beyond the most that may wait they are dropped, and so are those
 * that a collector does not take. Both are counted, and told once, until spans have gone through for a minute. The batches
 * themselves are the SDK's, which knows no count of what it drops.
 */
export function createBoundedExport({ exporter, mostSpans, metrics, log, clock }: BoundedExportOptions): SpanProcessor {
  let waiting = 0;
  let isTold = false;
  let droppedMs = 0;

  // Of an error nothing but its code: its text may hold what a collector, or a proxy before it, answered.
  function drop(spans: number, reason: 'queue-full' | 'export-failed', code?: string | number): void {
    metrics.spansDropped.inc({ reason }, spans);
    droppedMs = clock.elapsed();
    if (isTold) return;
    isTold = true;
    log.warn({ reason, code }, 'spans are dropped: the collector of traces does not take them');
  }

  function noteTaken(): void {
    if (!isTold || clock.elapsed() - droppedMs < QUIET_MS) return;
    isTold = false;
    log.info('spans go through to the collector again');
  }

  const counted: SpanExporter = {
    export(spans, done) {
      let isSettled = false;
      const settle = (result: ExportResult): void => {
        if (isSettled) return;
        isSettled = true;
        late.cancel();
        waiting -= spans.length;
        if (result.code === SUCCESS) noteTaken();
        else drop(spans.length, 'export-failed', (result.error as { code?: string | number } | undefined)?.code);
        // It was counted and told: the SDK would tell its own global handler of errors.
        done({ code: SUCCESS });
      };
      const late = clock.after(ANSWER_MS, () => settle({ code: FAILED, error: LATE }));
      exporter.export(spans, settle);
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: mostSpans,
    maxExportBatchSize: Math.min(BATCH_SPANS, mostSpans),
    scheduledDelayMillis: BATCH_WAIT_MS,
  });

  return {
    onStart: () => {},
    onEnd(span: ReadableSpan) {
      if (waiting >= mostSpans) {
        drop(1, 'queue-full');
        return;
      }
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    async shutdown() {
      await batches.shutdown();
    },
  };
}
