// The exporter reads these by itself, and falls back to another place without a word where it can't read them.
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'];

/** What is wrong with the standard variables of the exporter: a line for each fault, which quotes no value. */
export function exporterFaults(env: NodeJS.ProcessEnv): string[] {
  const isBadUrl = (url: string): boolean => !(URL.canParse(url) && /^https?:/i.test(url));
  return [
    ...ENDPOINTS.filter((name) => isSet(env[name]) && isBadUrl(env[name] ?? '')).map(
      (name) => `${name}: must be an http(s) URL`,
    ),
    ...PROTOCOLS.filter((name) => env[name]?.trim() === 'grpc').map(
      (name) => `${name}: OTLP goes over HTTP here, to port 4318 of a collector, and not over gRPC`,
    ),
  ];
}

const isSet = (value: string | undefined): boolean => value !== undefined && value.trim() !== '';
