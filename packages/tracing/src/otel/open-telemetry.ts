import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Clock, type Logger, type Metrics, type Timer, VERSION } from '@tidings/runtime';
import type { Tracing } from '../open-tracing.ts';
import { createBoundedExport } from './bounded-export.ts';
import { toTracer } from './span-port.ts';

export interface OpenTelemetryOptions {
  readonly service: string;
  /** Of the traces that begin here, the share that is sampled. */
  readonly rootRatio: number;
  readonly metrics: Pick<Metrics, 'spansDropped'>;
  readonly log: Logger;
  readonly clock: Clock;
}

const MOST_SPANS = 2_048;
const FLUSH_MS = 2_000;

/**
 * OpenTelemetry with what a service needs of it, and nothing that is global. The exporter reads `OTEL_EXPORTER_OTLP_…`, the
 * resource `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, from the environment by themselves.
 */
export function startOpenTelemetry({ service, rootRatio, metrics, log, clock }: OpenTelemetryOptions): Tracing {
  const own = resourceFromAttributes({ 'service.name': `tidings-${service}`, 'service.version': VERSION });
  const named = detectResources({ detectors: [envDetector] });
  const provider = new TracerProvider({
    resource: defaultResource().merge(own).merge(named),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(rootRatio) }),
    spanProcessors: [
      createBoundedExport({ exporter: new OTLPTraceExporter(), mostSpans: MOST_SPANS, metrics, log, clock }),
    ],
  });
  return {
    tracer: toTracer(provider.getTracer('tidings', VERSION)),
    async close() {
      if (await isLate(provider.shutdown(), clock)) log.warn('the last spans were not taken in time');
    },
  };
}

// Whatever becomes of the spans: a service ends when it is asked to.
async function isLate(flushed: Promise<void>, clock: Clock): Promise<boolean> {
  let timer: Timer | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = clock.after(FLUSH_MS, () => resolve(true));
  });
  const done = flushed.then(
    () => false,
    () => false,
  );
  return Promise.race([done, late]).finally(() => timer?.cancel());
}
