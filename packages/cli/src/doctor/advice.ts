/** What more than one check tells to change; docs/operations/doctor.md says it for more kinds of proxies. */
export const PASS_THE_STREAM_ON: string =
  'Let every proxy pass the stream on as it comes. nginx: `proxy_buffering off;`, and no `proxy_ignore_headers X-Accel-Buffering`; ingress-nginx: `nginx.ingress.kubernetes.io/proxy-buffering: "off"`; Apache: `flushpackets=on`; no compression of text/event-stream anywhere.';

export const KEEP_QUIET_CONNECTIONS: string =
  'Raise the idle timeout above the heartbeat, or send heartbeats more often (TIDINGS_HEARTBEAT_MS, 5000 at least). nginx: `proxy_read_timeout 75s;`; ingress-nginx: `nginx.ingress.kubernetes.io/proxy-read-timeout: "75"`; AWS ALB: `idle_timeout.timeout_seconds=75`; HAProxy: `timeout server 75s`.';

export const LET_STREAMS_LAST: string =
  'Look for a limit of the whole answer: `timeoutSec` of a Google Cloud backend service, `timeout` of an Envoy or Istio route (0s for streams), the response completion timeout of CloudFront. Where it must be, set TIDINGS_MAX_STREAM_AGE below it, so that streams end with a word.';

export const ROUTE_THE_PATH: string =
  'Route /v1/ to Tidings without changing the path, and let its answers through; --url is what stands before /v1/.';

export const KEEP_ERROR_ANSWERS: string =
  'Let answers with an error through unchanged: nginx `proxy_intercept_errors off;`, ingress-nginx without `custom-http-errors`, no custom error pages of a CDN for /v1/.';

export const SYNCHRONISE_CLOCKS: string =
  'Synchronise the clocks of all machines by NTP: `timedatectl set-ntp true`, or chrony.';
