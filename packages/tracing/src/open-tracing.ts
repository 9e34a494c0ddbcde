import {
  type Clock,
  ConfigurationError,
  type Logger,
  type Metrics,
  NO_TRACER,
  type Settings,
  systemClock,
  type Tracer,
} from '@tidings/runtime';
import { exporterFaults } from './exporter-faults.ts';

/** The tracing of a process. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what waits to be sent, for a moment and no longer; to be called when nothing is recorded any more. */
  close(): Promise<void>;
}

const OFF: Tracing = { tracer: NO_TRACER, close: async () => {} };

/**
 * The tracing that the settings ask for. OpenTelemetry is loaded only where that is any.
 * @param service which of the services it is: `tidings-<service>`, unless `OTEL_SERVICE_NAME` says otherwise.
 * @throws ConfigurationError for an endpoint or a protocol that can't be used.
 */
export async function openTracing(
  settings: Pick<Settings, 'traces' | 'tracesRatio'>,
  service: string,
  metrics: Pick<Metrics, 'spansDropped'>,
  log: Logger,
  clock: Clock = systemClock,
): Promise<Tracing> {
  if (settings.traces === 'off') return OFF;
  const faults = exporterFaults(process.env);
  if (faults.length > 0) throw new ConfigurationError(faults);
  const { startOpenTelemetry } = await import('./otel/open-telemetry.ts');
  return startOpenTelemetry({ service, rootRatio: settings.tracesRatio, metrics, log, clock });
}
